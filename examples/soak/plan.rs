//! What is to be done, in the words of the command line.

use std::io;

/// What both processes know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seconds: u64,
    pub(crate) connections: u64,
    pub(crate) has_tls: bool,
    /// Every so many clients one reads nothing.
    pub(crate) stuck_every: Option<u64>,
    pub(crate) load: Load,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// Each connection is sent messages of its own, in all ways that there are.
    Mixed,
    /// All connections are sent the same messages, by `try_send` of a channel.
    Broadcast,
}

impl Plan {
    pub(crate) fn parse(arguments: &[String]) -> io::Result<Self> {
        let mut plan = Self {
            seconds: 60,
            connections: 0,
            has_tls: false,
            stuck_every: None,
            load: Load::Mixed,
        };
        let mut numbers = Vec::new();
        for argument in arguments {
            match argument.as_str() {
                "--tls" => plan.has_tls = true,
                "--stuck" => plan.stuck_every = Some(10),
                "--broadcast" => (plan.load, plan.stuck_every) = (Load::Broadcast, Some(2)),
                number => numbers.push(number.parse().map_err(|_| usage())?),
            }
        }
        plan.connections = if plan.load == Load::Broadcast { 2_000 } else { 10_000 };
        match numbers[..] {
            [] => {}
            [seconds] => plan.seconds = seconds,
            [seconds, connections] => (plan.seconds, plan.connections) = (seconds, connections),
            _ => return Err(usage()),
        }
        Ok(plan)
    }

    /// Tells whether a client reads nothing.
    pub(crate) fn is_stuck(&self, client: u64) -> bool {
        self.stuck_every.is_some_and(|every| client % every == 0)
    }

    pub(crate) fn stuck(&self) -> u64 {
        (0..self.connections).filter(|client| self.is_stuck(*client)).count() as u64
    }
}

fn usage() -> io::Error {
    io::Error::other("usage: soak [SECONDS] [CONNECTIONS] [--tls] [--stuck] [--broadcast]")
}
