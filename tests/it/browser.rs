//! Asks over HTTP as a script would. Every status is an answer; only a connection that fails is a failure.

use std::time::Duration;

use serde_json::Value;

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub location: String,
    pub cookie: String,
    pub allowed_origin: String,
    pub body: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The answer, which must be fine.
    #[track_caller]
    pub fn ok(self) -> Answer {
        assert!((200..300).contains(&self.status), "{self:?}");
        self
    }

    /// Asserts a problem document of this status and answers its kind.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        assert_eq!((self.status, &*self.content_type), (status, "application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{self:?}");
        problem["type"].as_str().expect("a type").trim_start_matches("/problems/").to_owned()
    }
}

/// A question before it is asked.
pub struct Ask {
    method: &'static str,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

pub fn get(url: impl Into<String>) -> Ask {
    Ask { method: "GET", url: url.into(), headers: Vec::new(), body: Vec::new() }
}

pub fn post(url: impl Into<String>, body: Value) -> Ask {
    Ask { method: "POST", ..get(url) }.header("content-type", "application/json").body(body.to_string())
}

pub fn post_form(url: impl Into<String>, body: &str) -> Ask {
    let form = "application/x-www-form-urlencoded";
    Ask { method: "POST", ..get(url) }.header("content-type", form).body(body)
}

impl Ask {
    pub fn method(mut self, method: &'static str) -> Ask {
        self.method = method;
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Ask {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn token(self, token: &str) -> Ask {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Ask {
        self.body = body.into();
        self
    }

    #[track_caller]
    pub fn send(self) -> Answer {
        let url = self.url.clone();
        self.try_send().unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    /// The answer, or why there is none.
    pub fn try_send(self) -> Result<Answer, ureq::Error> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .into();
        let mut request = ureq::http::Request::builder().method(self.method).uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(self.body).expect("a request");
        let mut response = agent.run(request)?;
        let header = |name: &str| {
            let value = response.headers().get(name).map(|value| value.to_str().expect("text"));
            value.unwrap_or_default().to_owned()
        };
        Ok(Answer {
            status: response.status().as_u16(),
            content_type: header("content-type"),
            location: header("location"),
            cookie: header("set-cookie"),
            allowed_origin: header("access-control-allow-origin"),
            body: String::from_utf8_lossy(&response.body_mut().read_to_vec()?).into_owned(),
        })
    }
}
