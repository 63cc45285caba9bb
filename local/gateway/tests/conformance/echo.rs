//! The example application, built and run with the command from the README.

use reqwest::Method;

use crate::harness::{Answer, Frame, Setup, Socket, package};

#[tokio::test]
async fn the_example_returns_requests_and_frames() {
    let gateway = Setup::build(&package().join("examples/echo/template.yaml")).start();

    let request = gateway.request(Method::POST, "/echo").header("content-type", "text/plain").body("over HTTP");
    let answer = Answer::to(request).await;
    let mut socket = Socket::open(&gateway).await;
    socket.send("over a socket").await;

    assert_eq!((answer.status, answer.text().as_str()), (200, "over HTTP"));
    assert_eq!(answer.header("content-type"), "text/plain");
    assert_eq!(socket.next().await, Frame::Text("over a socket".to_owned()));
}
