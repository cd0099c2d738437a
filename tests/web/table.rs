//! Each state in each language: its headline, and what belongs below (contract 5).

use cuffd::core::state::State;
use cuffd::text::SHIPPED;
use jiff::SignedDuration;
use serde_json::json;

use crate::rig::Room;
use crate::samples::{self, minutes, session, shown, state};
use crate::words;

/// Where the page stands, with script and without.
const PAGES: [&str; 3] = ["/", "/answer", "/answer?part=1"];

/// What must stand there: per language, the headline first, in this order.
struct Row {
    state: State,
    says: [Vec<String>; 3],
}

fn row(state: State, says: [&[&str]; 3], times: &[(&str, String)]) -> Row {
    let fill = |line: &&str| {
        let line = (*line).to_owned();
        times.iter().fold(line, |line, (slot, time)| line.replace(slot, time))
    };
    Row {
        state,
        says: says.map(|lines| lines.iter().map(fill).collect()),
    }
}

/// The answer in one language, by each of the ways to it.
pub(crate) async fn answers(room: &Room, language: &str) -> Vec<String> {
    let mut answers = Vec::new();
    for page in PAGES {
        let sign = if page.contains('?') { '&' } else { '?' };
        let answer = room.get(&format!("{page}{sign}lang={language}")).await;
        assert_eq!(answer.status, 200, "{}", answer.head);
        answers.push(answer.body);
    }
    answers
}

async fn holds(rows: Vec<Row>) {
    let room = Room::open().await;
    for Row { state, says } in rows {
        room.show(state);
        for (language, lines) in SHIPPED.iter().zip(says) {
            for answer in answers(&room, language).await {
                in_order(&words::of(&answer), &lines);
            }
        }
    }
}

/// Each line stands behind the one before, and the first one is the headline.
pub(crate) fn in_order(text: &str, lines: &[String]) {
    let mut rest = text;
    for line in lines {
        let found = rest.split_once(line.as_str());
        rest = found
            .unwrap_or_else(|| panic!("{line:?} is missing, or not in its place, in\n{text}"))
            .1;
    }
}

#[tokio::test]
async fn before_the_readings_are_there_the_page_says_what_to_do() {
    // A time to wait for is never told too early.
    let (later, minute) = (minutes(20) + SignedDuration::from_secs(20), shown(minutes(21)));
    let times = [("{t}", minute)];
    holds(vec![
        row(
            state(&[samples::rest(later)]),
            [
                &[
                    "Sit and rest",
                    "First reading at {t}.",
                    "Feet flat, back supported, arm on the table at heart height. No talking.",
                ],
                &[
                    "Siéntese y descanse",
                    "Primera medición a las {t}.",
                    "Pies apoyados en el suelo",
                ],
                &["Sitzen und ruhen", "Erste Messung um {t}.", "Füße flach auf dem Boden"],
            ],
            &times,
        ),
        row(
            state(&[samples::wanted()]),
            [
                &["Press START on the cuff", "Reading 1 of 2."],
                &["Pulse START en el tensiómetro", "Medición 1 de 2."],
                &["START am Messgerät drücken", "Messung 1 von 2."],
            ],
            &[],
        ),
        row(
            state(&[samples::spacing(later)]),
            [
                &["Good. Rest a moment", "Next reading at {t}."],
                &["Bien. Descanse un momento", "Siguiente medición a las {t}."],
                &["Gut. Kurz ausruhen", "Nächste Messung um {t}."],
            ],
            &times,
        ),
        row(
            state(&[samples::attest()]),
            [
                &[
                    "Still to confirm",
                    "I am here, close enough to hear, and stay until it is over.",
                    "What my clinic told me to leave out today was left out.",
                    "Indoors, couch or bed, no water near, nobody drives or uses machines.",
                ],
                &["Falta confirmar", "Estoy aquí, lo bastante cerca para oír"],
                &["Noch zu bestätigen", "Ich bin da, in Hörweite"],
            ],
            &[],
        ),
    ])
    .await;
}

#[tokio::test]
async fn ready_and_under_way_say_until_when_and_since_when() {
    // What holds until a time is told as holding no longer than it does.
    let (until, minute) = (minutes(20) + SignedDuration::from_secs(40), shown(minutes(20)));
    holds(vec![
        row(
            state(&[samples::ready(until)]),
            [
                &[
                    "Within your clinic's limits until {t}",
                    "Your companion stays with you.",
                    "We have started",
                ],
                &[
                    "Dentro de los límites de su clínica hasta las {t}",
                    "Su acompañante se queda con usted.",
                    "Hemos empezado",
                ],
                &[
                    "In den Grenzen Ihrer Klinik bis {t}",
                    "Ihre Begleitperson bleibt bei Ihnen.",
                    "Wir haben begonnen",
                ],
            ],
            &[("{t}", minute)],
        ),
        row(
            state(&[samples::started(minutes(-5))]),
            [
                &[
                    "Session under way since {t}",
                    "For the companion: stay within earshot; the two numbers above.",
                ],
                &[
                    "Sesión en curso desde las {t}",
                    "Para el acompañante: quédese donde pueda oír",
                ],
                &[
                    "Die Sitzung läuft seit {t}",
                    "Für die Begleitperson: in Hörweite bleiben",
                ],
            ],
            &[("{t}", shown(minutes(-5)))],
        ),
    ])
    .await;
}

#[tokio::test]
async fn no_session_and_one_that_is_over_say_so() {
    holds(vec![
        row(
            state(&[]),
            [
                &["No session is open", "Press Start."],
                &["No hay ninguna sesión abierta", "Pulse Iniciar."],
                &["Keine Sitzung ist offen", "Drücken Sie Start."],
            ],
            &[],
        ),
        row(
            state(&[samples::ended()]),
            [
                &["This session is over"],
                &["Esta sesión ha terminado"],
                &["Diese Sitzung ist zu Ende"],
            ],
            &[],
        ),
    ])
    .await;
    let room = Room::with(|site| site.opens_sessions = false).await;
    let page = room.get("/").await.body;
    in_order(
        &words::of(&page),
        &["No session is open".into(), "Your clinic opens it.".into()],
    );
    assert!(!page.contains("data-post"), "there is nothing to press");
}

#[tokio::test]
async fn what_stops_a_session_says_why_and_from_when_on() {
    let (next, minute) = (minutes(20) + SignedDuration::from_secs(1), shown(minutes(21)));
    holds(vec![row(
        state(&[samples::blocked(next)]),
        [
            &[
                "Not now. Do not start",
                "The reading was above your clinic's limit (146, limit 140).",
                "Nothing is wrong with the cuff.",
                "Rest; next try from {t}.",
            ],
            &[
                "Ahora no. No empiece",
                "(146, límite 140)",
                "El tensiómetro funciona bien.",
                "próximo intento a partir de las {t}.",
            ],
            &[
                "Nicht jetzt. Nicht beginnen",
                "(146, Grenze 140)",
                "Mit dem Messgerät ist alles in Ordnung.",
                "nächster Versuch ab {t}.",
            ],
        ],
        &[("{t}", minute)],
    )])
    .await;
}

const DELIVERY: [(&str, [&str; 3]); 3] = [
    (
        "not_sent",
        [
            "Message not sent: please call.",
            "Mensaje no enviado: llame, por favor.",
            "Nachricht nicht gesendet: bitte anrufen.",
        ],
    ),
    ("sent", ["Message sent.", "Mensaje enviado.", "Nachricht gesendet."]),
    (
        "received",
        [
            "Message received by your clinic's system.",
            "Mensaje recibido por el sistema de su clínica.",
            "Nachricht beim System Ihrer Klinik angekommen.",
        ],
    ),
];

#[tokio::test]
async fn referred_and_crisis_say_what_became_of_the_message_and_no_more() {
    for (message, [english, spanish, german]) in DELIVERY {
        holds(vec![
            row(
                state(&[samples::referred(message)]),
                [
                    &["Do not start. Your clinic decides", english],
                    &["No empiece. Decide su clínica", spanish],
                    &["Nicht beginnen. Ihre Klinik entscheidet", german],
                ],
                &[],
            ),
            row(
                state(&[samples::crisis(message)]),
                [
                    &[
                        "This reading is very high. Do not start",
                        "Crisis words (en).",
                        "Call 112",
                        english,
                    ],
                    &[
                        "Esta medición es muy alta. No empiece",
                        "Crisis words (es).",
                        "Llame al 112",
                        spanish,
                    ],
                    &[
                        "Dieser Wert ist sehr hoch. Nicht beginnen",
                        "Crisis words (de).",
                        "112 anrufen",
                        german,
                    ],
                ],
                &[],
            ),
        ])
        .await;
        let room = Room::showing(state(&[samples::crisis(message)])).await;
        let text = words::of(&room.get("/answer?part=1").await.body);
        for (other, [line, ..]) in DELIVERY {
            assert_eq!(text.contains(line), other == message, "{line}: {text}");
        }
    }
}

#[tokio::test]
async fn the_number_at_a_crisis_is_a_large_button_that_calls() {
    let room = Room::showing(state(&[samples::crisis("sent")])).await;
    let page = room.get("/answer").await.body;
    assert!(page.contains("<a class=\"call\" href=\"tel:112\">"), "{page}");
    // One that comes while the session is under way, or that is somebody else's, says the same.
    let started = session(&json!({"state": "started", "started_at": minutes(-5), "reasons": [{"code": "crisis"}]}));
    let unassigned = json!({
        "cuff": "own", "received_at": minutes(-1), "crisis": true, "user_id": 2, "own_user_ids": [1],
    });
    let others = session(&json!({"unassigned": unassigned, "readings_done": 0, "readings_needed": 2}));
    for (of, heading) in [
        (started, "This reading is very high. Do not start"),
        (others, "A reading that is not yours was very high."),
    ] {
        room.show(state(&[of]));
        let page = room.get("/answer").await.body;
        in_order(
            &words::of(&page),
            &[heading.into(), "Crisis words (en).".into(), "Call 112".into()],
        );
        assert!(page.contains("<a class=\"call\" href=\"tel:112\">"), "{page}");
    }
}
