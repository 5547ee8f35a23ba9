//! Prints how loaded each node of an inventory is: the typed tables of
//! LOAD-CLUSTER-MIB and the manager's client, in a program of one's own.
//!
//! ```sh
//! cargo run -p lcms-examples --bin host_load -- manager.toml
//! ```

use std::{error::Error, path::Path};

use lcms_manager::{
    client::{Access, Client, target},
    config::Config,
};
use load_cluster_mib::load_cluster_mib::lc_host_load::{LcHostLoad, col};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("usage: host_load MANAGER.TOML")?;
    let inventory = Config::load(Path::new(&file))?.inventory()?;
    let client = Client::start()?;
    let columns = [col::SAMPLE_AGE, col::CORES, col::CPU_BUSY, col::RUNNABLE];
    for node in &inventory.nodes {
        let agent = target(node, Access::Read).await?;
        let rows = client.table::<LcHostLoad>(&agent, &columns).await?;
        for (index, row) in rows {
            println!(
                "{}: {} cores, {} permille busy, {} runnable, {} ms ago",
                index.host_name,
                row.cores.unwrap_or_default(),
                row.cpu_busy.unwrap_or_default(),
                row.runnable.unwrap_or_default(),
                row.sample_age.unwrap_or_default(),
            );
        }
    }
    Ok(())
}
