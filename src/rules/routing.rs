//! An `alertmanager.yml`: who hears what. What is not known here is kept as it came, for it is Alertmanager's to judge.

use std::time::Duration;

use super::{
    fields::{Fields, Reader},
    flaw::{Flaws, Place, Source},
    matcher::{self, Matcher},
    pace::Pace,
    span,
    tree::{self, Node, Value},
    write,
};

/// The only setting of `global` that does not say how or where messages are sent.
const HARMLESS_GLOBAL: &str = "resolve_timeout";
/// What reaches out by itself, or needs files of its owner's.
const REACHES_OUT: [&str; 3] = ["templates", "tracing", "event_recorder"];
/// What Alertmanager takes for a route that says nothing.
const DEFAULTS: [(&str, u64); 3] = [("group_wait", 30), ("group_interval", 300), ("repeat_interval", 14_400)];

/// A parsed `alertmanager.yml`.
#[derive(Clone, Debug)]
pub struct Routing {
    name: String,
    root: Node,
    pub route: Route,
    pub inhibitions: Vec<Inhibition>,
    receivers: Vec<(String, Place)>,
    left_out: Vec<String>,
}

/// A route and those below it.
#[derive(Clone, Debug)]
pub struct Route {
    pub place: Place,
    /// Its own receiver and where it says so, or the one it has from above.
    pub receiver: String,
    pub receiver_place: Place,
    pub matchers: Vec<Matcher>,
    pub goes_on: bool,
    pub group_by: Vec<(String, Place)>,
    pub routes: Vec<Route>,
}

/// While the source fires, the target is not told of.
#[derive(Clone, Debug)]
pub struct Inhibition {
    pub place: Place,
    pub source: Vec<Matcher>,
    pub target: Vec<Matcher>,
    pub equal: Vec<(String, Place)>,
}

impl Routing {
    /// Reads a file; everything wrong with it that matters here is said at once.
    pub fn parse(name: &str, text: &str) -> Result<Routing, Flaws> {
        let source = Source { name, text };
        let mut documents = tree::read(source)?;
        let reader = Reader::new(source);
        if documents.is_empty() {
            return Err(source.error(Place::START, "yaml", "the file is empty").into());
        }
        let root = documents.swap_remove(0);
        let parts = parts(&reader, &root);
        let flaws = reader.flaws();
        match parts {
            Some((route, inhibitions, receivers)) => flaws.or(Routing {
                name: name.to_owned(),
                root,
                route,
                inhibitions,
                receivers,
                left_out: Vec::new(),
            }),
            None => Err(flaws),
        }
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every receiver there is, reached or not.
    pub fn receivers(&self) -> Vec<String> {
        self.receivers.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Receivers and where they stand.
    pub fn receiver_places(&self) -> &[(String, Place)] {
        &self.receivers
    }

    /// The same routes with the timing of `pace`. What the first route does not say gets the pace of Alertmanager's own
    /// defaults, which are production's.
    #[must_use]
    pub fn timed(mut self, pace: Pace) -> Routing {
        if pace == Pace::Production {
            return self;
        }
        if let Some(route) = self.root.get_mut("route") {
            for (key, seconds) in DEFAULTS {
                if route.get(key).is_none() {
                    route.set(key, Node::text(span::text(Duration::from_secs(seconds))));
                }
            }
            time(route, pace);
        }
        self
    }

    /// The same routes, receivers by the same names, but each of them tells the sink at `base` and nobody else. One that
    /// tells nobody tells the sink as well: what is swallowed can be seen there.
    #[must_use]
    pub fn into_sink(mut self, base: &str) -> Routing {
        let base = base.trim_end_matches('/');
        let mut left_out = Vec::new();
        let file = self.name.clone();
        let said = |place: Place, what: String| format!("{file}:{}: {what}", place.line);
        if let Some(receivers) = self.root.get_mut("receivers") {
            for receiver in receivers.items_mut() {
                let name = receiver.get("name").and_then(Node::word).unwrap_or_default();
                for entry in receiver.entries().iter().filter(|entry| entry.key != "name") {
                    left_out.push(said(entry.place, format!("receiver `{name}`: {}", entry.key)));
                }
                *receiver = sink(base, &name);
            }
        }
        if let Some(global) = self.root.get_mut("global") {
            let dropped = keep(global, |key| key == HARMLESS_GLOBAL);
            left_out.extend(dropped.into_iter().map(|(key, place)| said(place, format!("global: {key}"))));
        }
        let dropped = keep(&mut self.root, |key| !REACHES_OUT.contains(&key));
        left_out.extend(dropped.into_iter().map(|(key, place)| said(place, key)));
        // Nothing left of `global` would be written as an empty map; leave it out instead.
        if self.root.get("global").is_some_and(|global| global.entries().is_empty()) {
            keep(&mut self.root, |key| key != "global");
        }
        self.left_out = left_out;
        self
    }

    /// What [`Routing::into_sink`] has left out, in words: nobody will hear of it, so somebody has to be told.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The file as text.
    pub fn text(&self) -> String {
        write::yaml(&self.root)
    }
}

type Parts = (Route, Vec<Inhibition>, Vec<(String, Place)>);

fn parts(reader: &Reader<'_>, root: &Node) -> Option<Parts> {
    let fields = reader.any_fields(root, "an alertmanager.yml")?;
    let receivers: Vec<(String, Place)> = fields
        .list("receivers")
        .iter()
        .filter_map(|node| {
            let fields = reader.any_fields(node, "a receiver")?;
            Some((fields.required_text("name")?, fields.get("name")?.place))
        })
        .collect();
    fields.required("receivers");
    for (at, (name, place)) in receivers.iter().enumerate() {
        if receivers[..at].iter().any(|(before, _)| before == name) {
            reader.error(*place, "twice", format!("receiver `{name}` is there twice"));
        }
    }
    let top = fields.required("route").and_then(|node| {
        reader.any_fields(node, "`route`")?.required("receiver");
        route(reader, node, None)
    });
    let inhibitions =
        fields.list("inhibit_rules").iter().filter_map(|node| inhibition(reader, node)).collect();
    Some((top?, inhibitions, receivers))
}

fn route(reader: &Reader<'_>, node: &Node, above: Option<&str>) -> Option<Route> {
    let fields = reader.any_fields(node, "a route")?;
    let own = fields.text("receiver");
    let receiver = own.or_else(|| above.map(str::to_owned)).unwrap_or_default();
    let mut matchers = matchers(reader, &fields, "matchers");
    matchers.extend(old_matchers(reader, &fields, "match", "match_re"));
    for (key, _) in DEFAULTS {
        fields.span(key);
    }
    let routes =
        fields.list("routes").iter().filter_map(|node| route(reader, node, Some(&receiver))).collect();
    Some(Route {
        place: node.place,
        receiver_place: fields.get("receiver").map_or(node.place, |node| node.place),
        matchers,
        goes_on: fields.is_true("continue"),
        group_by: words(&fields, "group_by"),
        routes,
        receiver,
    })
}

fn inhibition(reader: &Reader<'_>, node: &Node) -> Option<Inhibition> {
    let fields = reader.any_fields(node, "an inhibition")?;
    let side = |side: &str| {
        let mut all = matchers(reader, &fields, &format!("{side}_matchers"));
        all.extend(old_matchers(reader, &fields, &format!("{side}_match"), &format!("{side}_match_re")));
        all
    };
    let (source, target) = (side("source"), side("target"));
    Some(Inhibition { place: node.place, source, target, equal: words(&fields, "equal") })
}

fn words(fields: &Fields<'_, '_, '_>, key: &str) -> Vec<(String, Place)> {
    fields.list(key).iter().filter_map(|node| Some((node.word()?, node.place))).collect()
}

/// A list of matchers, each of which may hold several.
fn matchers(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>, key: &str) -> Vec<Matcher> {
    let mut found = Vec::new();
    for node in fields.list(key) {
        match matcher::read(&node.word().unwrap_or_default()) {
            Ok(matchers) => found.extend(matchers),
            Err(why) => reader.error(node.place, "matcher", why),
        }
    }
    found
}

/// The way it was written before 0.22: maps from label to value and from label to pattern.
fn old_matchers(
    reader: &Reader<'_>,
    fields: &Fields<'_, '_, '_>,
    equal: &str,
    pattern: &str,
) -> Vec<Matcher> {
    let mut found = Vec::new();
    for (key, is_pattern) in [(equal, false), (pattern, true)] {
        for (label, value) in fields.words(key) {
            match Matcher::new(&label, is_pattern, false, &value) {
                Ok(matcher) => found.push(matcher),
                Err(why) => reader.error(fields.node.place, "matcher", why),
            }
        }
    }
    found
}

/// What a time of production becomes at a pace.
type Shrink = fn(Pace, Duration) -> Duration;

/// Rewrites the times of a route and of those below it.
fn time(route: &mut Node, pace: Pace) {
    let times: [(&str, Shrink); 3] = [
        ("group_wait", Pace::group_wait),
        ("group_interval", Pace::group_interval),
        ("repeat_interval", Pace::repeat_interval),
    ];
    for (key, at_pace) in times {
        if let Some(node) = route.get_mut(key)
            && let Some(production) = node.word().and_then(|word| span::read(&word).ok())
        {
            *node = Node::text(span::text(at_pace(pace, production)));
        }
    }
    for below in route.get_mut("routes").map(Node::items_mut).unwrap_or_default() {
        time(below, pace);
    }
}

fn sink(base: &str, name: &str) -> Node {
    let webhook = Node::map([
        ("url", Node::text(format!("{base}/receivers/{}", encoded(name)))),
        ("send_resolved", Node::new(Value::Bool(true))),
        ("max_alerts", Node::new(Value::Whole(0))),
    ]);
    Node::map([("name", Node::text(name)), ("webhook_configs", Node::list(vec![webhook]))])
}

/// A name as one segment of a path.
fn encoded(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    // A segment of dots is a way up, not a name.
    let is_dots = name.bytes().all(|byte| byte == b'.');
    let byte = |byte: u8| {
        if is_plain(byte) && !is_dots { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    name.bytes().map(byte).collect()
}

/// Keeps the keys of a map that `is_kept` says, and returns the others.
fn keep(node: &mut Node, is_kept: impl Fn(&str) -> bool) -> Vec<(String, Place)> {
    let mut dropped = Vec::new();
    if let Value::Map(entries) = &mut node.value {
        entries.retain(|entry| {
            let kept = is_kept(&entry.key);
            if !kept {
                dropped.push((entry.key.clone(), entry.place));
            }
            kept
        });
    }
    dropped
}
