//! A person at a browser: looks at the page, clicks with a mouse that really moves there, and presses keys.

use std::{fs, rc::Rc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{axe, devtools::Devtools};
use crate::{servers::chromium, waiting::until_some};

/// How long something may take to be seen, unless a test says otherwise.
pub const SOON: Duration = Duration::from_secs(20);
pub const PROJECTOR: (u32, u32) = (1280, 720);
pub const PHONE: (u32, u32) = (390, 844);

/// A window with one page in it.
pub struct Person {
    browser: Rc<Devtools>,
    session: String,
}

impl Person {
    /// Opens a browser, and the page at `url` in it.
    #[track_caller]
    pub fn opens(url: &str) -> Person {
        Person::within(Rc::new(Devtools::start()), url)
    }

    /// Opens another window of the same browser.
    #[track_caller]
    pub fn opens_too(&self, url: &str) -> Person {
        Person::within(self.browser.clone(), url)
    }

    #[track_caller]
    fn within(browser: Rc<Devtools>, url: &str) -> Person {
        let target = browser.call(None, "Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session =
            browser.call(None, "Target.attachToTarget", attach)["sessionId"].as_str().map(str::to_owned);
        let person = Person { browser, session: session.expect("a session") };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            person.call(domain, json!({}));
        }
        // Of two windows both are looked at: one that nobody sees gives its stream back.
        person.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }));
        person.sits_at(PROJECTOR);
        person.goes_to(url);
        person
    }

    #[track_caller]
    fn call(&self, method: &str, params: Value) -> Value {
        self.browser.call(Some(&self.session), method, params)
    }

    #[track_caller]
    pub fn goes_to(&self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
        self.waits_until("the page is loaded", "document.readyState === 'complete'");
    }

    /// Loads the page anew.
    #[track_caller]
    pub fn reloads(&self) {
        self.finds("globalThis.before = true");
        self.call("Page.reload", json!({}));
        self.waits_until("the page is loaded", "!globalThis.before && document.readyState === 'complete'");
    }

    /// At a screen of that size; a narrow one is a phone's.
    pub fn sits_at(&self, (width, height): (u32, u32)) {
        let is_phone = width < 600;
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone });
        self.call("Emulation.setDeviceMetricsOverride", screen);
    }

    /// `dark` or `light`, and without movement: a colour on its way to another is neither.
    pub fn likes(&self, scheme: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// What an expression of JavaScript is, in the page.
    #[track_caller]
    pub fn finds(&self, expression: &str) -> Value {
        let question = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", question);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true, and looks some twenty times a second.
    #[track_caller]
    pub fn waits_until(&self, what: &str, expression: &str) {
        self.waits(SOON, what, expression);
    }

    #[track_caller]
    pub fn waits(&self, deadline: Duration, what: &str, expression: &str) {
        // Looked at in the page itself: a question each 5 ms would take the machine's time from the lab.
        let patience = format!(
            "new Promise((done) => {{ const give = performance.now() + 500; const look = () => {{ let is = false; \
             try {{ is = Boolean({expression}); }} catch {{ is = false; }} \
             if (is || performance.now() > give) done(is); else setTimeout(look, 40); }}; look(); }})"
        );
        let seen = || {
            let question = json!({ "expression": patience, "returnByValue": true, "awaitPromise": true });
            // A page that is just being left has no answer.
            let answer = self.call("Runtime.evaluate", question);
            (answer["result"]["value"] == true).then_some(())
        };
        let page = || self.finds("document.body.innerText");
        let what = format!("{what}; `{expression}`");
        let outcome =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| until_some(deadline, &what, seen)));
        assert!(outcome.is_ok(), "waited in vain until {what}; the page says {}", page());
    }

    /// Waits until the page shows this text.
    #[track_caller]
    pub fn sees(&self, text: &str) {
        self.waits(
            SOON,
            &format!("`{text}` is seen"),
            &format!("document.body.innerText.replaceAll('\\u00a0', ' ').includes({})", quoted(text)),
        );
    }

    /// Moves the mouse onto it and clicks; what is covered by something else cannot be clicked.
    #[track_caller]
    pub fn clicks(&self, selector: &str) {
        let at = format!(
            "(() => {{ const it = document.querySelector({}); if (!it || it.disabled) return null; \
             it.scrollIntoView({{ block: 'center' }}); const box = it.getBoundingClientRect(); \
             const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]; \
             const top = document.elementFromPoint(x, y); \
             return top && (it.contains(top) || top.contains(it)) ? [x, y] : null; }})()",
            quoted(selector)
        );
        let what = format!("{selector} can be clicked");
        // Where it stands still: a page that has just got news moves under the mouse.
        let mut before = Value::Null;
        let place = until_some(SOON, &what, || {
            let now = self.finds(&at);
            let stands = now.is_array() && now == before;
            before = now;
            stands.then(|| before.clone())
        });
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event =
                json!({ "type": kind, "x": place[0], "y": place[1], "button": button, "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Presses a key, by the name a page gives it: `Tab`, `Escape`, `b`, ` `.
    #[track_caller]
    pub fn presses(&self, key: &str) {
        self.presses_with(key, 0);
    }

    /// Presses a key while Shift is held: `B`.
    #[track_caller]
    pub fn presses_with_shift(&self, key: &str) {
        self.presses_with(key, 8);
    }

    #[track_caller]
    fn presses_with(&self, key: &str, modifiers: u32) {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "Tab" => 9,
            "PageUp" => 33,
            "PageDown" => 34,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            other => u32::from(other.bytes().next().unwrap_or_default().to_ascii_uppercase()),
        };
        let text = match key {
            "Enter" => "\r",
            other if other.chars().count() == 1 => other,
            _ => "",
        };
        let event = |kind: &str| json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code, "text": text, "modifiers": modifiers });
        self.call("Input.dispatchKeyEvent", event(if text.is_empty() { "rawKeyDown" } else { "keyDown" }));
        self.call(
            "Input.dispatchKeyEvent",
            json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers }),
        );
    }

    /// Types into what has the focus.
    pub fn types(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Presses Tab until the element has the focus, as somebody without a mouse does.
    #[track_caller]
    pub fn tabs_to(&self, selector: &str) {
        let is_there = format!("document.activeElement?.matches({})", quoted(selector));
        for _ in 0..200 {
            self.presses("Tab");
            if self.finds(&is_there) == true {
                return;
            }
        }
        panic!("Tab never leads to {selector}");
    }

    /// Takes a picture of what is on the screen.
    pub fn takes_picture(&self, name: &str) {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let png = BASE64_STANDARD.decode(shot["data"].as_str().expect("a picture")).expect("base64");
        fs::write(chromium::picture(name), png).expect("written");
    }

    /// What the browser complained about: errors of scripts, of the policy, and what could not be loaded.
    pub fn complaints(&self) -> Vec<String> {
        let said = self.browser.events(&self.session);
        let bad = said.iter().filter_map(|event| {
            let params = &event["params"];
            // Asked for and not there is an answer of the API: a run that is over, a stack that is off.
            let url = params["entry"]["url"].as_str().unwrap_or_default();
            let text = params["entry"]["text"].as_str().unwrap_or_default();
            if url.contains("/api/") && (text.contains("404") || text.contains("503")) {
                return None;
            }
            let is_bad = match event["method"].as_str().unwrap_or_default() {
                "Runtime.exceptionThrown" => true,
                "Runtime.consoleAPICalled" => params["type"] == "error",
                _ => params["entry"]["level"] == "error",
            };
            is_bad.then(|| params.to_string())
        });
        bad.collect()
    }

    /// The serious faults of accessibility that axe finds in what is shown.
    #[track_caller]
    pub fn barriers(&self) -> Vec<String> {
        self.finds(&format!("{};0", axe::source()));
        let found = self.finds(axe::QUESTION);
        found
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one.as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
