//! Configuration, its former self and what was set since: three into one.

use serde_json::{Map, Value};

use crate::model::Wanted;

/// `wanted`, with every change that leads from `base` to `config` made to it.
///
/// It works on the documents' JSON, so it knows nothing of rows and columns
/// and none can be forgotten: objects are merged key by key, all else is a
/// value. Every document comes from the same types, so it always fits them
/// again.
pub(super) fn three_way(base: &Wanted, config: &Wanted, wanted: &Wanted) -> Wanted {
    let merged = merge(Some(&rows(base)), Some(&rows(config)), Some(&rows(wanted)));
    let merged: Wanted =
        serde_json::from_value(merged.expect("all three have rows")).expect("the types are theirs");
    Wanted { generation: wanted.generation, provenance: wanted.provenance.clone(), ..merged }
}

/// The document without its header, which tells of the document itself.
fn rows(wanted: &Wanted) -> Value {
    let mut value = serde_json::to_value(wanted).expect("a document has string keys only");
    if let Value::Object(fields) = &mut value {
        fields.remove("generation");
        fields.remove("provenance");
    }
    value
}

fn merge(base: Option<&Value>, config: Option<&Value>, set: Option<&Value>) -> Option<Value> {
    if base == config {
        return set.cloned();
    }
    match (config, set) {
        (Some(Value::Object(config)), Some(Value::Object(set))) => {
            Some(Value::Object(merge_objects(base.and_then(Value::as_object), config, set)))
        }
        _ => config.cloned(),
    }
}

fn merge_objects(
    base: Option<&Map<String, Value>>,
    config: &Map<String, Value>,
    set: &Map<String, Value>,
) -> Map<String, Value> {
    let mut keys: Vec<&String> = config.keys().chain(set.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .filter_map(|key| {
            let base = base.and_then(|base| base.get(key));
            Some((key.clone(), merge(base, config.get(key), set.get(key))?))
        })
        .collect()
}
