//! A flame graph as SVG, hanging: each function as wide as its share of the time, below the one that called it. It needs
//! nothing but itself: no script, no font, no address.

use std::fmt::Write;

use super::tree::Frame;

const WIDTH: f64 = 1200.0;
const ROW: f64 = 18.0;
const MARGIN: f64 = 10.0;
const HEAD: f64 = 34.0;
/// Frames narrower than this cannot be seen.
const NARROWEST: f64 = 0.3;
/// Width of a letter at the size below, on average.
const LETTER: f64 = 6.6;
const FONT_SIZE: f64 = 11.0;

/// Draws `root` under `title`; `hertz` samples are a second.
pub fn svg(root: &Frame, title: &str, hertz: u32) -> String {
    let height = HEAD + depth(root, root.total) as f64 * ROW + 2.0 * MARGIN;
    let width = WIDTH + 2.0 * MARGIN;
    let seconds = root.total as f64 / f64::from(hertz.max(1));
    let mut out = String::with_capacity(64 * 1024);
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" font-size=\"{FONT_SIZE}\">\
         <rect width=\"100%\" height=\"100%\" fill=\"#fffdf8\"/>\
         <text x=\"{MARGIN}\" y=\"22\" font-size=\"15\" fill=\"#222\">{}: {seconds:.2} s of processor time, \
         {} samples</text>",
        escaped(title),
        root.total
    );
    if root.total > 0 {
        Scale { hertz, all: root.total }.draw(&mut out, root, MARGIN, 0);
    }
    out.push_str("</svg>\n");
    out
}

struct Scale {
    hertz: u32,
    all: u64,
}

impl Scale {
    fn draw(&self, out: &mut String, frame: &Frame, x: f64, row: usize) {
        let width = width(frame.total, self.all);
        if width < NARROWEST {
            return;
        }
        let y = HEAD + row as f64 * ROW;
        let seconds = frame.total as f64 / f64::from(self.hertz.max(1));
        let percent = 100.0 * frame.total as f64 / self.all as f64;
        let name = escaped(&frame.name);
        let _ = write!(
            out,
            "<g><title>{name} ({seconds:.2} s, {percent:.1} %, {} samples)</title>\
             <rect x=\"{x:.2}\" y=\"{y:.1}\" width=\"{width:.2}\" height=\"{:.1}\" rx=\"1.5\" fill=\"{}\"/>",
            frame.total,
            ROW - 1.0,
            colour(&frame.name)
        );
        if let Some(label) = label(&frame.name, width) {
            let (x, y) = (x + 3.0, y + ROW - 5.5);
            let _ = write!(out, "<text x=\"{x:.2}\" y=\"{y:.1}\" fill=\"#111\">{}</text>", escaped(&label));
        }
        out.push_str("</g>\n");
        let mut x = x;
        for child in &frame.children {
            self.draw(out, child, x, row + 1);
            x += self::width(child.total, self.all);
        }
    }
}

fn width(total: u64, all: u64) -> f64 {
    WIDTH * total as f64 / all as f64
}

/// Rows that can be seen.
fn depth(frame: &Frame, all: u64) -> usize {
    let seen = |child: &&Frame| width(child.total, all.max(1)) >= NARROWEST;
    1 + frame.children.iter().filter(seen).map(|child| depth(child, all)).max().unwrap_or(0)
}

/// As much of the name as fits, its end rather than its beginning: that is where functions differ.
fn label(name: &str, width: f64) -> Option<String> {
    let fits = ((width - 6.0) / LETTER) as usize;
    let letters = name.chars().count();
    if letters <= fits {
        return Some(name.to_owned());
    }
    let end: String = name.chars().skip(letters - fits.saturating_sub(1)).collect();
    (fits >= 4).then(|| format!("…{end}"))
}

/// A warm colour that follows from the name, light enough for dark letters on it.
fn colour(name: &str) -> String {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let (hue, light) = (12 + hash % 38, 62 + (hash >> 16) % 14);
    format!("hsl({hue} 85% {light}%)")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML knows no other control characters, not even escaped.
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}
