//! What the demo prints, and when it has seen enough.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::SocketAddr;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Args, DemoError, GRACE, LIMIT, PREFIX, Stored};
use crate::core::cuff::Cuff;
use crate::core::models::Model;
use crate::core::source::{CuffHealth, Event};
use crate::simulate::audience::Audience;
use crate::simulate::narrator::events::{self, Shown};
use crate::simulate::narrator::terminal::Printer;
use crate::simulate::narrator::{Line, fields, messages};
use crate::simulate::platform::Published;

/// What is printed.
pub(super) struct Show<W> {
    printer: Printer<W>,
    args: Args,
    zone: TimeZone,
    model: &'static Model,
    audience: Audience,
    acts: VecDeque<&'static str>,
}

impl<W: Write> Show<W> {
    pub(super) fn new(args: Args, printer: Printer<W>, model: &'static Model, acts: VecDeque<&'static str>) -> Self {
        Self {
            printer,
            args,
            zone: TimeZone::system(),
            model,
            audience: Audience::default(),
            acts,
        }
    }

    pub(super) fn introduce(&mut self, broker: SocketAddr, cuff: &Cuff) -> io::Result<()> {
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
        if !self.args.once {
            self.aside("Ctrl-C ends it.")?;
        }
        Ok(())
    }

    fn aside(&mut self, text: &str) -> io::Result<()> {
        self.printer.line(&Line::aside(text))
    }

    /// Shows what comes until the platform is gone, and stops the demo when all `expected` was seen or its time is over.
    pub(super) async fn run(
        &mut self,
        mut watched: mpsc::Receiver<Event>,
        mut published: mpsc::Receiver<Published>,
        expected: Option<usize>,
        stop: CancellationToken,
    ) -> Result<(), DemoError> {
        // However this ends, the gateway must not run on unseen.
        let stop = stop.drop_guard();
        let limit = Instant::now() + LIMIT;
        let mut enough: Option<Instant> = None;
        loop {
            tokio::select! {
                Some(event) = watched.recv() => self.event(&event)?,
                message = published.recv() => match message {
                    Some(message) => self.message(&message)?,
                    None => return Ok(()),
                },
                () = sleep_until(enough.unwrap_or(limit)), if expected.is_some() => break,
            }
            let seen = expected.is_some_and(|expected| self.audience.has_seen(expected));
            if seen && enough.is_none() {
                enough = Some(Instant::now() + GRACE);
            }
        }
        drop(stop);
        while let Some(message) = published.recv().await {
            self.message(&message)?;
        }
        match expected {
            Some(expected) if enough.is_none() => Err(DemoError::TooLong {
                seen: self.audience.confirmed(),
                expected,
            }),
            _ => Ok(()),
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

    /// Shows `messages` while two readings are waited for; how it ended, and after what time `stop` was given.
    async fn shown(messages: Vec<Published>) -> (Result<(), DemoError>, std::time::Duration) {
        let mut show = Show::new(
            ONCE,
            Printer::new(Vec::new(), Look::Plain),
            Model::standard(),
            VecDeque::new(),
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
        tokio::join!(show.run(watched, published, Some(2), stop.clone()), gateway)
    }

    #[tokio::test(start_paused = true)]
    async fn two_confirmed_readings_are_enough() {
        let (ended, stopped) = shown(vec![reading(1), receipt(1), reading(2), receipt(2)]).await;
        ended.expect("all was seen");
        assert_eq!(stopped, GRACE);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_never_confirmed_takes_too_long() {
        let (ended, stopped) = shown(vec![reading(1), receipt(1), reading(2)]).await;
        let fault = ended.expect_err("one is missing");
        assert!(matches!(fault, DemoError::TooLong { seen: 1, expected: 2 }), "{fault}");
        assert_eq!(stopped, LIMIT);
    }
}
