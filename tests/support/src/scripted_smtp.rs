//! A mail server that fails at a step of its choice.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// A step of a delivery: what the server answers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpStep {
    /// The connection.
    Banner,
    /// `EHLO`.
    Ehlo,
    /// `AUTH`.
    Auth,
    /// `MAIL FROM`.
    MailFrom,
    /// `RCPT TO`.
    RcptTo,
    /// `DATA`.
    Data,
    /// The end of the mail.
    EndOfData,
}

impl SmtpStep {
    /// All steps, in their order.
    pub const ALL: [Self; 7] =
        [Self::Banner, Self::Ehlo, Self::Auth, Self::MailFrom, Self::RcptTo, Self::Data, Self::EndOfData];

    fn success(self) -> &'static str {
        match self {
            Self::Banner => "220 mail.example.com ESMTP",
            Self::Ehlo => "250-mail.example.com\r\n250 AUTH PLAIN LOGIN",
            Self::Auth => "235 2.7.0 Authentication successful",
            Self::MailFrom | Self::RcptTo | Self::EndOfData => "250 2.0.0 Ok",
            Self::Data => "354 End data with <CR><LF>.<CR><LF>",
        }
    }
}

/// The way in which the server fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpFault {
    /// It answers with an error, such as `451 4.3.0 Try again later`.
    Answer(&'static str),
    /// It never answers.
    Hang,
    /// It closes the connection.
    Close,
}

/// The behaviour of the server on one connection.
#[derive(Clone, Copy, Debug)]
enum Behaviour {
    Fails(SmtpStep, SmtpFault),
    Delays(Duration),
}

/// A mail that the server received, whether or not it accepted it.
#[derive(Clone, Debug)]
pub struct ReceivedMail {
    /// The address in `RCPT TO`.
    pub to: String,
    /// The code in the mail.
    pub code: String,
    /// Whether the server accepted it.
    pub is_accepted: bool,
}

/// A running mail server. By default it accepts everything.
pub struct ScriptedSmtp {
    /// The address that it listens on.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The behaviour on the next connections, one each.
    script: VecDeque<Behaviour>,
    mails: Vec<ReceivedMail>,
    open: Vec<TcpStream>,
}

impl ScriptedSmtp {
    /// Starts the server.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let accepting = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&accepting);
                thread::spawn(move || drop(Session::serve(client, &state)));
            }
        });
        Self { address, state }
    }

    /// Closes all connections. The next ones fail at these steps, one each; those after them work.
    pub fn fail(&self, faults: impl IntoIterator<Item = (SmtpStep, SmtpFault)>) {
        self.behave(faults.into_iter().map(|(step, fault)| Behaviour::Fails(step, fault)));
    }

    /// Closes all connections. On the next two, each answer is this late.
    pub fn delay(&self, answers: Duration) {
        self.behave([Behaviour::Delays(answers); 2]);
    }

    /// Returns the mails to an address, oldest first.
    pub fn mails_to(&self, address: &str) -> Vec<ReceivedMail> {
        lock(&self.state).mails.iter().filter(|mail| mail.to == address).cloned().collect()
    }

    fn behave(&self, script: impl IntoIterator<Item = Behaviour>) {
        let mut state = lock(&self.state);
        state.script = script.into_iter().collect();
        for stream in state.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap()
}

/// One connection.
struct Session<'a> {
    lines: BufReader<TcpStream>,
    client: TcpStream,
    behaviour: Option<Behaviour>,
    state: &'a Mutex<State>,
}

impl<'a> Session<'a> {
    fn serve(client: TcpStream, state: &'a Mutex<State>) -> io::Result<()> {
        let behaviour = {
            let mut state = lock(state);
            state.open.push(client.try_clone()?);
            state.script.pop_front()
        };
        let mut session = Self { lines: BufReader::new(client.try_clone()?), client, behaviour, state };
        let result = session.run();
        let _ = session.client.shutdown(Shutdown::Both);
        result
    }

    fn run(&mut self) -> io::Result<()> {
        let mut to = String::new();
        self.answer(SmtpStep::Banner)?;
        loop {
            let line = self.line()?;
            match line.to_ascii_uppercase().as_str() {
                command if command.starts_with("EHLO") => self.answer(SmtpStep::Ehlo)?,
                command if command.starts_with("AUTH LOGIN") => {
                    self.write("334 VXNlcm5hbWU6")?;
                    self.line()?;
                    self.write("334 UGFzc3dvcmQ6")?;
                    self.line()?;
                    self.answer(SmtpStep::Auth)?;
                }
                command if command.starts_with("AUTH") => self.answer(SmtpStep::Auth)?,
                command if command.starts_with("MAIL FROM") => self.answer(SmtpStep::MailFrom)?,
                command if command.starts_with("RCPT TO") => {
                    let address = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
                    to = address.map_or_else(String::new, |(address, _)| address.to_owned());
                    self.answer(SmtpStep::RcptTo)?;
                }
                "DATA" => {
                    self.answer(SmtpStep::Data)?;
                    let code = self.mail()?;
                    let is_accepted = !matches!(self.behaviour, Some(Behaviour::Fails(SmtpStep::EndOfData, _)));
                    lock(self.state).mails.push(ReceivedMail { to: to.clone(), code, is_accepted });
                    self.answer(SmtpStep::EndOfData)?;
                }
                "QUIT" => return self.write("221 2.0.0 Bye"),
                _ => self.write("250 2.0.0 Ok")?,
            }
        }
    }

    /// Reads a mail and returns the code in its subject.
    fn mail(&mut self) -> io::Result<String> {
        let mut code = String::new();
        loop {
            let line = self.line()?;
            if let Some(subject) = line.strip_prefix("Subject: ") {
                code = subject.split(' ').next().unwrap_or_default().to_owned();
            }
            if line == "." {
                return Ok(code);
            }
        }
    }

    fn answer(&mut self, step: SmtpStep) -> io::Result<()> {
        match self.behaviour {
            Some(Behaviour::Fails(failing, fault)) if failing == step => match fault {
                SmtpFault::Answer(answer) => self.write(answer),
                // Until the other side gives up.
                SmtpFault::Hang => loop {
                    self.line()?;
                },
                SmtpFault::Close => Err(io::ErrorKind::ConnectionAborted.into()),
            },
            Some(Behaviour::Delays(delay)) => {
                thread::sleep(delay);
                self.write(step.success())
            }
            _ => self.write(step.success()),
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.lines.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        write!(self.client, "{line}\r\n")
    }
}
