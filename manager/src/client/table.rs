//! Typed tables and rows.

use std::collections::BTreeMap;

use lcms_snmp::{
    ErrorStatus, Oid, Value,
    object::{Index as _, Table},
};

use super::{Client, ClientError, Columns, Shape, Target, changes::arcs};

impl Client {
    /// Fetches columns of a table, or scalars, by ascending index. Cells that an
    /// agent does not have, or holds in another type, are left out. The first
    /// column has to be one that every row has.
    pub async fn table<T: Table>(
        &self,
        target: &Target,
        columns: &[u32],
    ) -> Result<Vec<(T::Index, T::Row)>, ClientError> {
        let shape = if T::ENTRY.is_scalars() { Shape::Scalars } else { Shape::Guided };
        let wanted = Columns { entry: T::ENTRY.oid, arcs: columns, shape };
        let rows = self.columns(target, wanted).await?;
        let typed = rows.into_iter().filter_map(|row| {
            // An index of another shape belongs to a MIB that is not ours.
            Some((T::Index::decode(&row.index)?, typed::<T>(&row.cells)))
        });
        Ok(typed.collect())
    }

    /// Fetches columns of one row; `None` where it has none of them.
    pub async fn row<T: Table>(
        &self,
        target: &Target,
        index: &T::Index,
        columns: &[u32],
    ) -> Result<Option<T::Row>, ClientError> {
        let index = arcs(index);
        let name = |arc: &u32| {
            Oid::new(T::ENTRY.instance(*arc, &index))
                .map_err(|_| ClientError::Unexpected { address: target.address })
        };
        let names: Vec<Oid> = columns.iter().map(name).collect::<Result<_, _>>()?;
        let values = self.instances(target, names).await?;
        let cells: BTreeMap<u32, Value<'static>> = values
            .into_iter()
            .filter_map(|(name, value)| Some((T::ENTRY.split(&name)?.0, value)))
            .collect();
        Ok((!cells.is_empty()).then(|| typed::<T>(&cells)))
    }

    /// Those of the instances that there are.
    pub async fn instances(
        &self,
        target: &Target,
        names: Vec<Oid>,
    ) -> Result<Vec<(Oid, Value<'static>)>, ClientError> {
        let mut values = Vec::with_capacity(names.len());
        // Taken from the end, so that halves come out in their order.
        let mut open = vec![names];
        while let Some(mut names) = open.pop() {
            if names.is_empty() {
                continue;
            }
            match self.get(target, &names).await {
                Ok(varbinds) => {
                    let there = varbinds.into_iter().filter(|v| !v.value.is_exception());
                    values.extend(there.map(|varbind| (varbind.name, varbind.value)));
                }
                Err(error) => match (error.status(), &error) {
                    // Version 1 refuses all for the one it does not have.
                    (
                        Some(ErrorStatus::NoSuchName),
                        ClientError::Refused { name: Some(missing), .. },
                    ) => {
                        names.retain(|name| name != missing);
                        open.push(names);
                    }
                    (Some(ErrorStatus::TooBig), _) if names.len() > 1 => {
                        let rest = names.split_off(names.len() / 2);
                        open.push(rest);
                        open.push(names);
                    }
                    _ => return Err(error),
                },
            }
        }
        Ok(values)
    }
}

fn typed<T: Table>(cells: &BTreeMap<u32, Value<'static>>) -> T::Row {
    let mut row = T::Row::default();
    for (&arc, value) in cells {
        if let Err(error) = T::fill(&mut row, arc, value) {
            tracing::debug!(entry = T::ENTRY.name, arc, ?error, "a cell of another type");
        }
    }
    row
}
