//! Sessions over what clocks do: steps of the wall clock, reboots, a time that nobody knows.

use super::*;

const SECOND_LONG: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_step_of_the_wall_clock_takes_ready_back_until_judged_again_and_nothing_lasts_longer() {
    for step in [SignedDuration::from_hours(1), SignedDuration::from_hours(-1)] {
        let mut run = Run::first().await;
        let until = run.ready("own").await;
        run.pass(step + SignedDuration::from_secs(1), SECOND_LONG).await;
        assert_eq!(
            run.last(2),
            [pair("waiting", "clock_unsynchronized"), pair("ready", "")],
            "{step}"
        );
        let moved = time(&run.said().last().unwrap()["valid_until"]).duration_since(until);
        assert!((moved - step).abs() < SignedDuration::from_millis(500), "{moved}");
        let count = run.said().len();
        // The pass holds for three minutes, one second of which is gone.
        run.pass(step + SignedDuration::from_secs(178), Duration::from_secs(178))
            .await;
        assert_eq!(run.said().len(), count, "nothing changes meanwhile");
        run.pass(step + SignedDuration::from_secs(181), Duration::from_secs(181))
            .await;
        assert_eq!(run.last(1), [pair("waiting", "validity_over")], "{step}");
    }
}

/// Its readings were fresh by a clock that is wrong now, or was then: nobody knows which.
#[tokio::test]
async fn after_a_step_nothing_counts_that_only_the_cuffs_own_clock_dates() {
    for step in [SignedDuration::from_hours(1), SignedDuration::from_hours(-1)] {
        let mut run = Run::first().await;
        run.ready("trusted").await;
        run.pass(step, SECOND_LONG).await;
        assert_eq!(run.last(1), [pair("waiting", "readings_needed")], "{step}");
    }
}

#[tokio::test]
async fn a_difference_of_the_clocks_up_to_jump_is_no_step() {
    let mut run = Run::first().await;
    run.ready("own").await;
    let count = run.said().len();
    let jump = SignedDuration::from_secs(5);
    let little = SignedDuration::from_millis(100);
    for (ahead, steps) in [(little - jump, false), (jump - little, false), (jump + little, true)] {
        run.pass(ahead + SignedDuration::from_secs(1), SECOND_LONG).await;
        assert_eq!(run.said().len() > count, steps, "{ahead}");
    }
}

#[tokio::test]
async fn a_session_whose_time_is_over_by_the_wall_clock_ends_as_it_stood() {
    let short = Policy {
        session_limit: minutes(2),
        ..at_once()
    };
    let mut run = Run::first_by(short).await;
    run.ready("own").await;
    let ready = run.said().pop().unwrap();
    let mut run = run.again(SECOND, false).await;
    assert_eq!(run.last(1), [pair("waiting", "clock_unsynchronized")]);
    // No deadline passes, whatever boottime shows.
    run.pass(SignedDuration::from_hours(9), Duration::from_secs(9 * 3600))
        .await;
    assert_eq!(run.last(1), [pair("waiting", "clock_unsynchronized")]);
    run.synchronized.send_replace(true);
    run.pass(SignedDuration::from_hours(9), Duration::from_secs(9 * 3600))
        .await;
    let said = run.said();
    let last = said.last().unwrap();
    assert_eq!(
        (&last["state"], &last["reasons"]),
        (&json!("ended"), &json!([{"code": "session_over"}]))
    );
    assert_eq!(
        (&last["counted"], &last["systolic"]),
        (&ready["counted"], &ready["systolic"])
    );
    let again = Want::Open {
        session: name("s1"),
        patient: name("p1"),
        cuff: None,
        policy_sha256: None,
    };
    assert!(run.ask(again).await.is_err(), "an id is never used again");
}

#[tokio::test]
async fn over_a_reboot_the_wall_clock_tells_once_it_is_synchronized_and_not_behind() {
    let mut run = Run::first().await;
    let until = run.ready("own").await;
    let mut run = run.again(SECOND, false).await;
    let unknown = [pair("waiting", "clock_unsynchronized")];
    assert_eq!(run.last(1), unknown);
    run.synchronized.send_replace(true);
    run.pass(SignedDuration::from_hours(-1), SECOND_LONG).await;
    assert_eq!(run.last(1), unknown, "by a clock that is behind no time would pass");
    run.pass(SignedDuration::from_secs(1), SECOND_LONG).await;
    assert_eq!(run.last(1), [pair("ready", "")]);
    assert_eq!(time(&run.said().last().unwrap()["valid_until"]), until);
}

/// Its events cannot be read any more, so that it ends; the next one goes by the wall clock again.
#[tokio::test]
async fn a_session_that_cannot_go_on_after_a_reboot_leaves_no_unknown_time_behind() {
    let mut run = Run::first().await;
    run.ready("own").await;
    let store = Connection::open(run.folder.path().join("cuffd.db")).unwrap();
    store
        .execute(
            "UPDATE event SET told = '{}' WHERE row = (SELECT max(row) FROM event)",
            [],
        )
        .unwrap();
    let mut run = run.again(SECOND, false).await;
    assert_eq!(run.last(1)[0].0, "ended");
    run.synchronized.send_replace(true);
    run.pass(SignedDuration::from_secs(1), SECOND_LONG).await;
    run.open_as("s2").await;
    run.measure("own", &[123, 124]).await;
    assert_eq!(run.last(1), [pair("ready", "")]);
}

/// While the store takes nothing a command is sent again; both wait for the gate.
#[tokio::test]
async fn a_command_that_comes_twice_before_it_is_carried_out_is_carried_out_once() {
    let mut run = Run::first().await;
    run.open().await;
    let close = || {
        let (answer, answered) = oneshot::channel();
        let reply = Reply {
            json: "{}".to_owned(),
            expires_at: clock::wall() + minutes(5),
        };
        let ask = Ask {
            want: Want::Close { session: name("s1") },
            reply: Some(("command 1".to_owned(), reply)),
            answer,
        };
        (ask, answered)
    };
    for _ in 0..2 {
        let (ask, answered) = close();
        run.intake.answer(ask).await.unwrap();
        assert_eq!(answered.await.unwrap(), Ok(()));
    }
    assert_eq!(run.last(1), [pair("ended", "session_over")]);
    assert_eq!(run.said().len(), 2);
}
