//! A subtree, name by name.

use lcms_snmp::{ErrorStatus, Oid, Value, VarBind};

use super::{Client, ClientError, Target};

/// How a walk goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// By GETNEXT: every agent can.
    Next,
    /// By GETBULK with this many repetitions; a version 1 agent is asked by
    /// GETNEXT all the same.
    Bulk(u16),
}

/// The instances below one name, in pages as they come.
///
/// A name with nothing below it is read itself, so that a walk of
/// `sysUpTime.0` shows it.
#[derive(Debug)]
pub struct Walk {
    client: Client,
    target: Target,
    root: Oid,
    at: Oid,
    step: Step,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing below the root has been seen.
    Empty,
    Under,
    Over,
    /// What to say once the good part of a page has been shown.
    Broken(ClientError),
}

impl Client {
    /// Walks what lies below `root`.
    pub fn walk(&self, target: &Target, root: Oid, step: Step) -> Walk {
        let (client, target, at) = (self.clone(), target.clone(), root.clone());
        Walk { client, target, root, at, step, state: State::Empty }
    }
}

impl Walk {
    /// The next instances; `None` at the end.
    pub async fn page(&mut self) -> Result<Option<Vec<VarBind<'static>>>, ClientError> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Ok(None),
                State::Broken(error) => return Err(error),
                State::Empty => {
                    let page = self.follow(State::Empty).await?;
                    match (page.is_empty(), &self.state) {
                        (false, _) => return Ok(Some(page)),
                        (true, State::Over) => return self.root_itself().await.map(Some),
                        (true, _) => {}
                    }
                }
                State::Under => {
                    let page = self.follow(State::Under).await?;
                    if !page.is_empty() {
                        return Ok(Some(page));
                    }
                }
            }
        }
    }

    /// All that is left, for those who need no progress.
    pub async fn collect(mut self) -> Result<Vec<VarBind<'static>>, ClientError> {
        let mut all = Vec::new();
        while let Some(page) = self.page().await? {
            all.extend(page);
        }
        Ok(all)
    }

    /// One request. Leaves the state in which to go on.
    async fn follow(&mut self, state: State) -> Result<Vec<VarBind<'static>>, ClientError> {
        let from = [self.at.clone()];
        let asked = match self.step {
            Step::Next => self.client.get_next(&self.target, &from).await,
            Step::Bulk(n) => self.client.get_bulk(&self.target, 0, n.max(1), &from).await,
        };
        let varbinds = match asked {
            Ok(varbinds) => varbinds,
            Err(error) => match (error.status(), self.step) {
                // How version 1 says that there is nothing more.
                (Some(ErrorStatus::NoSuchName), _) => return Ok(Vec::new()),
                // An agent that cannot cut its answer short is asked for less.
                (Some(ErrorStatus::TooBig), Step::Bulk(n)) if n > 1 => {
                    (self.step, self.state) = (Step::Bulk(n / 2), state);
                    return Ok(Vec::new());
                }
                _ => return Err(error),
            },
        };
        Ok(self.take(varbinds))
    }

    /// The part of a page that lies below the root and increases.
    fn take(&mut self, varbinds: Vec<VarBind<'static>>) -> Vec<VarBind<'static>> {
        let mut page = Vec::with_capacity(varbinds.len());
        for varbind in varbinds {
            if varbind.value == Value::EndOfMibView || !varbind.name.starts_with(&self.root) {
                return page;
            }
            if varbind.name <= self.at {
                self.state = State::Broken(ClientError::NotIncreasing {
                    address: self.target.address,
                    before: self.at.clone(),
                    next: varbind.name,
                });
                return page;
            }
            self.at = varbind.name.clone();
            page.push(varbind);
        }
        // An answer without any variable would be asked for again for ever.
        if !page.is_empty() {
            self.state = State::Under;
        }
        page
    }

    async fn root_itself(&mut self) -> Result<Vec<VarBind<'static>>, ClientError> {
        self.client.get(&self.target, std::slice::from_ref(&self.root)).await
    }
}
