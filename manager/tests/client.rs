//! The client against an agent that does as it is told, over a network that
//! does not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod scripted;

use lcms_manager::client::{Client, ClientError, Columns, Shape, Step, Target};
use lcms_snmp::{Community, ErrorStatus, Oid, PduKind, Value, VarBind};
use scripted::{Agent, COMMUNITY, Mib, Script, mib, oid};

fn system() -> Mib {
    mib([("1.3.6.1.2.1.1.3.0", 3), ("1.3.6.1.2.1.1.7.0", 7), ("1.3.6.1.2.1.2.1.0", 21)])
}

/// A table below 1.3.9.1 with columns 1, 2 and 3; column 2 is absent in odd rows.
fn table(rows: u32) -> Mib {
    let mut mib = mib([("1.3.8.1", 0), ("1.3.9.2.0", 0)]);
    for row in 1..=rows {
        for column in 1..=3 {
            if column != 2 || row % 2 == 0 {
                let value = Value::Integer((column * 1000 + row) as i32);
                mib.insert(Oid::new(vec![1, 3, 9, 1, column, row]).unwrap(), value);
            }
        }
    }
    mib
}

const TABLE: Columns<'_> = Columns { entry: &[1, 3, 9, 1], arcs: &[1, 2, 3], shape: Shape::Guided };

async fn names(client: &Client, target: &Target, root: &str, step: Step) -> Vec<String> {
    let all = client.walk(target, oid(root), step).collect().await.unwrap();
    all.into_iter().map(|varbind| varbind.name.to_string()).collect()
}

#[tokio::test]
async fn get_reads_what_is_there_and_says_what_is_not() {
    let (client, agent) = (Client::start().unwrap(), Agent::start(system(), Script::default()));
    let asked = [oid("1.3.6.1.2.1.1.3.0"), oid("1.3.6.1.2.1.1.4.0")];
    let got = client.get(&agent.target(), &asked).await.unwrap();
    assert_eq!(got[0].value, Value::Integer(3));
    assert_eq!(got[1].value, Value::NoSuchInstance);
}

#[tokio::test]
async fn version_1_refuses_with_the_name() {
    let (client, agent) = (Client::start().unwrap(), Agent::start(system(), Script::default()));
    let target = agent.target_with(Community::v1(COMMUNITY), 3000, 0);
    let missing = oid("1.3.6.1.2.1.1.4.0");
    let asked = [oid("1.3.6.1.2.1.1.3.0"), missing.clone()];
    let error = client.get(&target, &asked).await.unwrap_err();
    assert_eq!(error.status(), Some(ErrorStatus::NoSuchName));
    assert!(matches!(error, ClientError::Refused { name: Some(name), .. } if name == missing));
    let there = client.instances(&target, asked.to_vec()).await.unwrap();
    assert_eq!(there, [(oid("1.3.6.1.2.1.1.3.0"), Value::Integer(3))]);
}

#[tokio::test]
async fn a_lost_request_is_repeated() {
    let client = Client::start().unwrap();
    let network = Box::new(|n, answer| if n < 2 { vec![] } else { vec![answer] });
    let agent = Agent::start(system(), Script { network, ..Script::default() });
    let got = client.get(&agent.hasty(5), &[oid("1.3.6.1.2.1.1.3.0")]).await.unwrap();
    assert_eq!(got[0].value, Value::Integer(3));
    assert!(agent.requests() >= 3);
}

#[tokio::test]
async fn silence_ends_after_all_attempts() {
    let client = Client::start().unwrap();
    let agent =
        Agent::start(system(), Script { network: Box::new(|_, _| vec![]), ..Script::default() });
    let error = client.get(&agent.hasty(1), &[oid("1.3.6.1.2.1.1.3.0")]).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { attempts: 2, .. }), "{error}");
    assert_eq!(agent.requests(), 2);
}

#[tokio::test]
async fn garbage_and_duplicates_change_nothing() {
    let client = Client::start().unwrap();
    let network = Box::new(|_, answer: Vec<u8>| {
        let mut cut = answer.clone();
        cut.pop();
        vec![b"garbage".to_vec(), vec![], cut, answer.clone(), answer]
    });
    let agent = Agent::start(system(), Script { network, ..Script::default() });
    for (name, value) in [("1.3.6.1.2.1.1.3.0", 3), ("1.3.6.1.2.1.1.7.0", 7)] {
        let got = client.get(&agent.target(), &[oid(name)]).await.unwrap();
        assert_eq!(got[0].value, Value::Integer(value));
    }
}

#[tokio::test]
async fn a_late_answer_is_not_taken_for_the_next_one() {
    let client = Client::start().unwrap();
    // Every answer comes twice: at once, and again in front of the next one.
    let mut before: Option<Vec<u8>> = None;
    let network = Box::new(move |_, answer: Vec<u8>| {
        let late = before.replace(answer.clone());
        late.into_iter().chain([answer]).collect()
    });
    let agent = Agent::start(system(), Script { network, ..Script::default() });
    for (name, value) in [("1.3.6.1.2.1.1.3.0", 3), ("1.3.6.1.2.1.1.7.0", 7)] {
        let got = client.get(&agent.target(), &[oid(name)]).await.unwrap();
        assert_eq!((&got[0].name, &got[0].value), (&oid(name), &Value::Integer(value)));
    }
}

#[tokio::test]
async fn a_wrong_community_looks_like_nobody() {
    let (client, agent) = (Client::start().unwrap(), Agent::start(system(), Script::default()));
    let target = agent.target_with(Community::v2c("wrong"), 30, 0);
    let error = client.get(&target, &[oid("1.3.6.1.2.1.1.3.0")]).await.unwrap_err();
    assert!(error.is_unreachable());
}

#[tokio::test]
async fn a_walk_shows_the_subtree_and_no_more() {
    let (client, agent) = (Client::start().unwrap(), Agent::start(system(), Script::default()));
    let v1 = agent.target_with(Community::v1(COMMUNITY), 3000, 0);
    for (target, step) in
        [(agent.target(), Step::Next), (agent.target(), Step::Bulk(10)), (v1, Step::Bulk(10))]
    {
        let all = names(&client, &target, "1.3.6.1.2.1.1", step).await;
        assert_eq!(all, ["1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.7.0"], "{step:?}");
        // To the very end of the MIB.
        assert_eq!(names(&client, &target, "1.3.6.1.2.1.2", step).await, ["1.3.6.1.2.1.2.1.0"]);
        // An instance is walked as itself.
        assert_eq!(names(&client, &target, "1.3.6.1.2.1.1.7.0", step).await, ["1.3.6.1.2.1.1.7.0"]);
    }
}

#[tokio::test]
async fn a_walk_in_circles_is_an_error() {
    let client = Client::start().unwrap();
    let agent = Agent::start(system(), Script { stuck: true, ..Script::default() });
    for step in [Step::Next, Step::Bulk(5)] {
        let mut walk = client.walk(&agent.target(), oid("1.3.6.1.2.1"), step);
        let good = walk.page().await.unwrap().unwrap();
        assert_eq!(good.len(), 1, "the part that increases is shown");
        let error = walk.page().await.unwrap_err();
        assert!(matches!(error, ClientError::NotIncreasing { .. }), "{error}");
        assert!(walk.page().await.unwrap().is_none(), "and that is the end of it");
    }
}

#[tokio::test]
async fn a_walk_asks_for_less_where_the_agent_cannot_cut() {
    let client = Client::start().unwrap();
    let agent = Agent::start(table(9), Script { most: 3, too_big: true, ..Script::default() });
    let all = names(&client, &agent.target(), "1.3.9.1", Step::Bulk(20)).await;
    assert_eq!(all.len(), 9 + 4 + 9);
}

#[tokio::test]
async fn a_table_comes_column_by_column_side_by_side() {
    let client = Client::start().unwrap();
    for script in [
        Script::default(),
        Script { most: 7, ..Script::default() },
        Script { most: 1, ..Script::default() },
        Script { most: 5, too_big: true, ..Script::default() },
        Script { most: 1, too_big: true, ..Script::default() },
    ] {
        let agent = Agent::start(table(50), script);
        let v1 = agent.target_with(Community::v1(COMMUNITY), 3000, 0);
        for target in [agent.target(), v1] {
            let rows = client.columns(&target, TABLE).await.unwrap();
            assert_eq!(rows.len(), 50);
            for (row, n) in rows.iter().zip(1..) {
                assert_eq!(row.index, [n]);
                let of = |column: u32| Value::Integer((column * 1000 + n) as i32);
                assert_eq!(row.cells.get(&1), Some(&of(1)));
                assert_eq!(row.cells.contains_key(&2), n % 2 == 0);
                assert_eq!(row.cells.get(&3), Some(&of(3)));
            }
        }
    }
}

#[tokio::test]
async fn a_small_table_is_one_round_trip() {
    let client = Client::start().unwrap();
    let agent = Agent::start(table(1), Script::default());
    assert_eq!(client.columns(&agent.target(), TABLE).await.unwrap().len(), 1);
    assert_eq!(agent.requests(), 1);
}

#[tokio::test]
async fn columns_that_an_agent_lacks_are_left_out() {
    let client = Client::start().unwrap();
    let agent = Agent::start(table(4), Script::default());
    // Even the first one, which was to be in every row.
    let arcs = [7, 3, 1];
    let rows = client.columns(&agent.target(), Columns { arcs: &arcs, ..TABLE }).await.unwrap();
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| row.cells.keys().eq([&1, &3])));
    let none = Columns { entry: &[1, 3, 7], ..TABLE };
    assert!(client.columns(&agent.target(), none).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_table_in_circles_is_an_error() {
    let client = Client::start().unwrap();
    let agent = Agent::start(table(4), Script { stuck: true, ..Script::default() });
    let columns = Columns { entry: &[1, 3, 6, 1, 2, 1], arcs: &[5], shape: Shape::Guided };
    let error = client.columns(&agent.target(), columns).await.unwrap_err();
    assert!(matches!(error, ClientError::NotIncreasing { .. }), "{error}");
}

#[tokio::test]
async fn a_set_is_done_or_refused_with_the_name() {
    let client = Client::start().unwrap();
    let varbind = |name: &str| VarBind { name: oid(name), value: Value::Integer(9) };
    let both = vec![varbind("1.3.6.1.2.1.1.3.0"), varbind("1.3.6.1.2.1.1.7.0")];

    let agent = Agent::start(system(), Script::default());
    client.set(&agent.target(), both.clone()).await.unwrap();
    assert_eq!(agent.mib.lock().unwrap()[&oid("1.3.6.1.2.1.1.7.0")], Value::Integer(9));

    for (index, name) in [(2, Some(both[1].name.clone())), (0, None), (3, None), (-1, None)] {
        let refuse = Box::new(move |_: &[VarBind<'static>]| Some((ErrorStatus::WrongValue, index)));
        let agent = Agent::start(system(), Script { refuse, ..Script::default() });
        let error = client.set(&agent.target(), both.clone()).await.unwrap_err();
        assert_eq!(error.status(), Some(ErrorStatus::WrongValue));
        assert!(matches!(error, ClientError::Refused { name: n, .. } if n == name));
    }
}

#[tokio::test]
async fn many_agents_are_asked_at_once() {
    let client = Client::start().unwrap();
    let agents: Vec<Agent> = (0..20).map(|_| Agent::start(system(), Script::default())).collect();
    let mut asked = tokio::task::JoinSet::new();
    for agent in agents.iter().cycle().take(400) {
        let (client, target) = (client.clone(), agent.target());
        asked.spawn(async move { client.get(&target, &[oid("1.3.6.1.2.1.1.3.0")]).await });
    }
    let answers = asked.join_all().await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(agents.iter().all(|a| a.seen.lock().unwrap().contains(&PduKind::GetRequest)));
}
