//! What the demo prints, and when it has seen enough.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::SocketAddr;

use jiff::tz::TimeZone;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Args, DemoError, GRACE, LIMIT, PREFIX, Stored};
use crate::core::cuff::Cuff;
use crate::core::models::Model;
use crate::core::source::{CuffHealth, Event};
use crate::simulate::audience::Audience;
use crate::simulate::director::{Cue, Director, Timed};
use crate::simulate::narrator::events::{self, Shown};
use crate::simulate::narrator::terminal::Printer;
use crate::simulate::narrator::{Line, fields, messages};
use crate::simulate::platform::Published;
use crate::simulate::routine::Routine;
use crate::simulate::script;
use crate::simulate::visit::Visit;

/// What is printed.
pub(super) struct Show<W> {
    printer: Printer<W>,
    args: Args,
    zone: TimeZone,
    model: &'static Model,
    audience: Audience,
    acts: VecDeque<&'static str>,
    stage: Stage,
    /// What is to be done, and when.
    cues: VecDeque<(Instant, Cue)>,
    /// What the person does after the session.
    afterwards: Routine,
}

/// Who acts in the demo.
pub(super) struct Stage {
    pub(super) director: Director,
    /// The platform asks the gateway.
    pub(super) ask: mpsc::Sender<Value>,
    /// The person measures.
    pub(super) orders: mpsc::Sender<Visit>,
}

impl<W: Write> Show<W> {
    pub(super) fn new(
        args: Args,
        printer: Printer<W>,
        model: &'static Model,
        acts: VecDeque<&'static str>,
        stage: Stage,
    ) -> Self {
        Self {
            printer,
            args,
            zone: TimeZone::system(),
            model,
            audience: Audience::default(),
            acts,
            stage,
            cues: VecDeque::new(),
            afterwards: script::afterwards(),
        }
    }

    pub(super) fn introduce(&mut self, broker: SocketAddr, page: SocketAddr, cuff: &Cuff) -> io::Result<()> {
        self.aside(
            "This is cuffd with everything around it, on this machine alone. Nothing leaves it, nothing is kept, and every \
             message says that it is a test.",
        )?;
        let cuff = &cuff.id;
        self.aside(&format!(
            "A virtual cuff, {cuff}, stands where a real one would; the gateway behind it is the real one. A platform, as a \
             clinic has one, hears what is published and confirms it. Anybody on this machine can listen:"
        ))?;
        let port = broker.port();
        self.printer.line(&Line {
            verbatim: Some(format!("mosquitto_sub -p {port} -t '{PREFIX}/#' -v")),
            ..Line::aside("")
        })?;
        self.aside("The people in the room look at a page, in any browser on this machine:")?;
        self.printer.line(&Line {
            verbatim: Some(format!("http://{page}/")),
            ..Line::aside("")
        })?;
        if !self.args.once {
            self.aside("Ctrl-C ends it.")?;
        }
        Ok(())
    }

    fn aside(&mut self, text: &str) -> io::Result<()> {
        self.printer.line(&Line::aside(text))
    }

    /// Shows what comes until the platform is gone, and does what the director says. With `--once` it stops the demo when the
    /// session is over and all is confirmed, or when its time is.
    pub(super) async fn run(
        &mut self,
        mut watched: mpsc::Receiver<Event>,
        mut published: mpsc::Receiver<Published>,
        stop: CancellationToken,
    ) -> Result<(), DemoError> {
        // However this ends, the gateway must not run on unseen.
        let stop = stop.drop_guard();
        let limit = Instant::now() + LIMIT;
        let mut enough: Option<Instant> = None;
        loop {
            let due = self.cues.front().map(|(at, _)| *at);
            tokio::select! {
                Some(event) = watched.recv() => self.event(&event)?,
                message = published.recv() => match message {
                    Some(message) => self.message(&message)?,
                    None => return Ok(()),
                },
                () = sleep_until(due.unwrap_or(limit)), if due.is_some() => self.act().await?,
                () = sleep_until(enough.unwrap_or(limit)), if self.args.once => break,
            }
            if self.has_seen_all() && enough.is_none() {
                enough = Some(Instant::now() + GRACE);
            }
        }
        drop(stop);
        while let Some(message) = published.recv().await {
            self.message(&message)?;
        }
        if enough.is_some() {
            return Ok(());
        }
        Err(DemoError::TooLong {
            session_over: self.stage.director.is_over(),
            readings: self.audience.readings(),
            confirmed: self.audience.confirmed(),
        })
    }

    fn has_seen_all(&self) -> bool {
        self.stage.director.is_over() && self.audience.has_seen(self.audience.readings())
    }

    /// Does what is due.
    async fn act(&mut self) -> io::Result<()> {
        let Some((at, cue)) = self.cues.pop_front() else {
            return Ok(());
        };
        // Whoever is gone needs to be told nothing any more.
        match cue {
            Cue::Tell(text) => self.aside(text)?,
            Cue::Ask(fields) => drop(self.stage.ask.send(fields).await),
            Cue::Measure(visit) => drop(self.stage.orders.send(visit).await),
        }
        if self.cues.is_empty() && self.stage.director.is_over() && !self.args.once {
            let (pause, visit) = self.afterwards.next_visit();
            self.cues.push_back((at + pause, Cue::Measure(visit)));
        }
        Ok(())
    }

    /// Takes note of what is to be done, each after the one before.
    fn note(&mut self, timed: Vec<Timed>) {
        let mut at = self.cues.back().map_or_else(Instant::now, |(at, _)| *at);
        for (pause, cue) in timed {
            at += pause;
            self.cues.push_back((at, cue));
        }
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        if let Event::Cuff {
            health: CuffHealth::Heard { .. },
            ..
        } = event
            && let Some(act) = self.acts.pop_front()
        {
            self.aside(act)?;
        }
        match events::narrate(event, self.model, &self.zone) {
            None => Ok(()),
            Some(Shown::Line(line)) => self.printer.line(&line),
            Some(Shown::Pressure(pressure)) => self.printer.pressure(pressure),
        }
    }

    fn message(&mut self, message: &Published) -> io::Result<()> {
        self.audience.hear(message);
        let was_over = self.stage.director.is_over();
        let timed = self.stage.director.hear(message);
        self.note(timed);
        if self.stage.director.is_over() && !was_over && !self.args.once {
            self.note(vec![(
                GRACE,
                Cue::Tell("The session is over. From here on somebody measures once a minute."),
            )]);
        }
        let mut line = messages::narrate(&message.topic, &message.payload, &self.zone);
        if self.args.json {
            line.verbatim = fields::lines(&message.payload);
        }
        self.printer.line(&line)
    }

    pub(super) fn conclude(&mut self, stored: Stored) -> io::Result<()> {
        let text = format!(
            "Published: {} readings, {} confirmed by the platform. In the store: {} readings, {} messages waiting.",
            self.audience.readings(),
            self.audience.confirmed(),
            stored.readings,
            stored.waiting
        );
        self.aside(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::narrator::terminal::Look;

    const ONCE: Args = Args {
        once: true,
        json: false,
    };

    fn reading(id: usize) -> Published {
        let payload = format!(r#"{{"schema":"cuffd.reading/1","id":"r{id}"}}"#);
        Published {
            topic: "x/reading".to_owned(),
            payload: payload.into(),
        }
    }

    fn receipt(id: usize) -> Published {
        let payload = format!(r#"{{"command":"receipt","ids":["r{id}"]}}"#);
        Published {
            topic: "x/command".to_owned(),
            payload: payload.into(),
        }
    }

    fn session(state: &str) -> Published {
        let payload = format!(r#"{{"schema":"cuffd.readiness/1","session":"evening","state":"{state}"}}"#);
        Published {
            topic: "x/session/evening/readiness".to_owned(),
            payload: payload.into(),
        }
    }

    /// Shows `messages`; how it ended, and after what time `stop` was given.
    async fn shown(messages: Vec<Published>) -> (Result<(), DemoError>, std::time::Duration) {
        let (ask, _asked) = mpsc::channel(10);
        let (orders, _ordered) = mpsc::channel(10);
        let stage = Stage {
            director: Director::new("p1".to_owned(), 2),
            ask,
            orders,
        };
        let mut show = Show::new(
            ONCE,
            Printer::new(Vec::new(), Look::Plain),
            Model::standard(),
            VecDeque::new(),
            stage,
        );
        let (_watcher, watched) = mpsc::channel(1);
        let (sender, published) = mpsc::channel(1);
        let (begun, stop) = (Instant::now(), CancellationToken::new());
        let gateway = async {
            for message in messages {
                sender.send(message).await.expect("it is shown");
            }
            stop.cancelled().await;
            drop(sender);
            begun.elapsed()
        };
        tokio::join!(show.run(watched, published, stop.clone()), gateway)
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_is_over_and_confirmed_readings_are_enough() {
        let (ended, stopped) = shown(vec![reading(1), receipt(1), reading(2), session("ended"), receipt(2)]).await;
        ended.expect("all was seen");
        assert_eq!(stopped, GRACE);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_never_confirmed_and_a_session_that_never_ends_take_too_long() {
        let (ended, stopped) = shown(vec![reading(1), receipt(1), reading(2), session("ended")]).await;
        let fault = ended.expect_err("one is missing");
        assert!(
            matches!(
                fault,
                DemoError::TooLong {
                    session_over: true,
                    readings: 2,
                    confirmed: 1
                }
            ),
            "{fault}"
        );
        assert_eq!(stopped, LIMIT);
        let (ended, _) = shown(vec![reading(1), receipt(1), session("ready")]).await;
        let fault = ended.expect_err("it goes on");
        assert!(
            matches!(
                fault,
                DemoError::TooLong {
                    session_over: false,
                    ..
                }
            ),
            "{fault}"
        );
    }
}
