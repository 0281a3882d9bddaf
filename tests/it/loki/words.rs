//! What is said when Loki's variables cannot be used.

use std::time::Duration;

use crate::servers::lab::Plan;

#[test]
fn a_proxy_between_this_process_and_itself_is_refused_with_a_reason() {
    for (variable, address) in [("LOKI_URL", "http://l:3100"), ("PYROSCOPE_ENDPOINT", "http://p:4040")] {
        let plan =
            Plan::up().env(variable, address).env("http_proxy", "http://proxy:3128").env("no_proxy", "");
        let mut lab = plan.start_unready();
        assert_eq!(lab.wait(Duration::from_secs(20)).code(), Some(2));
        let said = lab.said();
        assert!(said.contains(variable) && said.contains("add 127.0.0.1 to NO_PROXY"), "{said}");
    }
}
