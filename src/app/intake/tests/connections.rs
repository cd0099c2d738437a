//! Connections that bring nothing.

use super::*;

impl Run {
    /// How long the database's log is: each write makes it longer.
    fn log_length(&self) -> u64 {
        std::fs::metadata(self.folder.path().join("cuffd.db-wal"))
            .unwrap()
            .len()
    }

    async fn connects(&mut self, ending: Option<Ending>) {
        let (cuff, at) = (name("own"), clock::now());
        let connected = Event::Connected {
            cuff: cuff.clone(),
            bonded: true,
            at,
        };
        let over = ending.map(|ending| Event::Over { cuff, ending, at });
        self.intake
            .take([connected].into_iter().chain(over).collect())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_cuff_that_refuses_each_connection_costs_no_write() {
    let mut run = Run::first().await;
    let before = run.log_length();
    for _ in 0..10 {
        run.connects(Some(Ending::Failed(Failure::Connect))).await;
    }
    run.connects(None).await;
    assert_eq!(run.log_length(), before);
    run.measure("own", &[120]).await;
    assert!(run.log_length() > before);
    let [reading] = run.stored("reading").try_into().unwrap();
    assert_eq!(reading["verification"]["bonded"], true, "{reading}");
}

#[tokio::test]
async fn a_cuff_that_is_let_go_while_it_is_connected_is_known_until_that_is_over() {
    let mut run = Run::first().await;
    run.connects(None).await;
    run.register.send_replace(Vec::new().into());
    run.intake.follow_register(clock::now()).await.unwrap();
    assert!(run.intake.judge.cuffs.iter().any(|cuff| cuff.id == name("own")));
    let over = Event::Over {
        cuff: name("own"),
        ending: Ending::Failed(Failure::Connect),
        at: clock::now(),
    };
    run.intake.take(vec![over]).await.unwrap();
    run.intake.follow_register(clock::now()).await.unwrap();
    assert!(run.intake.judge.cuffs.is_empty());
}

#[tokio::test]
async fn a_failure_is_told_again_only_after_another_or_after_a_connection_that_came_to_something() {
    let mut run = Run::first().await;
    let (cuff, bond) = (name("own"), Failure::Bond);
    assert!(!run.intake.has_failed_so(&cuff, bond));
    assert!(run.intake.has_failed_so(&cuff, bond));
    assert!(!run.intake.has_failed_so(&name("trusted"), bond), "each cuff by itself");
    assert!(!run.intake.has_failed_so(&cuff, Failure::Connect));
    run.measure("own", &[120]).await;
    assert!(!run.intake.has_failed_so(&cuff, Failure::Connect));
}
