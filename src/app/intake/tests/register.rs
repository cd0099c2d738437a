//! Cuffs that are paired, and let go, while the daemon runs.

use super::*;
use crate::core::source::Ending;
use crate::core::state::CuffState;

impl Run {
    /// The register is this from now on.
    async fn registers(&mut self, cuffs: Vec<Cuff>) {
        self.register.send_replace(cuffs.into());
        self.intake.follow_register(clock::now()).await.unwrap();
        self.intake.show();
    }

    fn listed(&self) -> Vec<String> {
        let cuffs = &self.intake.board.cuffs;
        cuffs.iter().map(|cuff: &CuffState| cuff.id.to_string()).collect()
    }

    fn patients(&self) -> Vec<Value> {
        let readings = self.stored("reading");
        readings.iter().map(|reading| reading["patient"].clone()).collect()
    }
}

#[tokio::test]
async fn a_cuff_that_is_paired_while_the_daemon_runs_counts_from_its_second_connection() {
    let mut run = Run::first().await;
    let open = |patient: &str| Want::Open {
        session: name("s2"),
        patient: name(patient),
        cuff: None,
        policy_sha256: None,
    };
    assert!(run.ask(open("p2")).await.is_err(), "no cuff names this patient");
    let paired = Cuff {
        trust_clock: true,
        ..cuff("paired", Wearer::Patient(name("p2")))
    };
    run.registers([cuffs(), vec![paired]].concat()).await;
    assert_eq!(run.listed(), ["own", "trusted", "paired"]);
    assert!(run.ask(open("p2")).await.is_ok());
    run.measure("paired", &[120]).await;
    assert_eq!(run.last(1), [pair("waiting", "readings_needed")]);
    run.measure("paired", &[121, 122]).await;
    assert_eq!(run.last(1)[0].0, "ready");
    // What a later run is told again is judged by what was in force.
    let mut run = run.again(FIRST, true).await;
    run.registers(cuffs()).await;
    assert_eq!(run.listed(), ["own", "trusted"]);
}

#[tokio::test]
async fn a_cuff_that_is_let_go_while_it_delivers_is_let_go_once_that_is_over() {
    let mut run = Run::first().await;
    let (own, at) = (name("own"), clock::now());
    let begins = [
        Event::Connected {
            cuff: own.clone(),
            bonded: true,
            at,
        },
        Event::Measurement {
            cuff: own.clone(),
            octets: octets(120, 80, 0, at.wall),
            at,
        },
    ];
    run.intake.take(begins.to_vec()).await.unwrap();
    run.registers(vec![cuffs().remove(1)]).await;
    assert_eq!(run.listed(), ["own", "trusted"], "it delivers");
    let ending = Ending::Delivered;
    run.intake
        .take(vec![Event::Over { cuff: own, ending, at }])
        .await
        .unwrap();
    run.intake.follow_register(at).await.unwrap();
    assert_eq!(run.listed(), ["trusted"]);
    assert_eq!(run.patients(), ["p1"], "what it brought is its patient's");
    run.measure("own", &[121]).await;
    assert_eq!(run.patients(), ["p1"], "what it brings now is nobody's");
}
