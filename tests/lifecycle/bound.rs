//! What `--bind` opens to others, and what it does not; and where a lab keeps things.

use std::{
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use crate::{
    browser::get,
    servers::lab::{Lab, Plan},
    turn,
    waiting::until,
};

/// The table at the start, which comes a moment after the lab answers.
pub fn table(lab: &Lab) -> String {
    until(Duration::from_secs(10), "the table is shown", || lab.said().contains("is open after"));
    lab.said()
}

/// Another address of this machine: who listens on 127.0.0.1 alone is not reached there.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

#[test]
#[cfg(target_os = "linux")]
fn bind_opens_the_shop_and_the_control_address_and_internal_services_only_when_asked() {
    let _turn = turn::take();
    let open = Plan::up().env("DOORBUSTER_BIND", "0.0.0.0").start();
    let reached = |base: u16| {
        [0, 10, 14, 16, 81, 93].map(|offset| TcpStream::connect((ELSEWHERE, base + offset)).is_ok())
    };
    assert_eq!(reached(open.port_base), [true, true, false, false, false, false]);
    get(open.shop("/products/1")).send().ok();
    let said = table(&open);
    assert!(said.contains("bound to") && said.contains("0.0.0.0"), "{said}");
    assert!(
        said.contains(&format!("127.0.0.1:{} to {}", open.port_base + 11, open.port_base + 93)),
        "{said}"
    );
    drop(open);
    let all = Plan::up().args(&["--bind", "0.0.0.0", "--bind-internal", "0.0.0.0"]).start();
    assert_eq!(reached(all.port_base), [true; 6]);
    assert!(table(&all).contains("can change stock and catalogue"), "{}", all.said());
}

#[test]
fn a_data_directory_whose_name_means_something_in_an_address_is_where_things_are_kept() {
    let _turn = turn::take();
    let home = tempfile::tempdir().expect("a folder");
    let odd = home.path().join("odd?mode=memory %41#[1]");
    let lab = Plan::up().env("DOORBUSTER_DATA_DIR", odd.to_str().expect("plain")).start();
    get(lab.shop("/products/1")).send().ok();
    assert!(odd.join("doorbuster.db").is_file());
    assert!(table(&lab).contains("odd?mode=memory %41#[1]/doorbuster.db"), "{}", lab.said());
    assert_eq!(std::fs::read_dir(home.path()).expect("a folder").count(), 1);
}
