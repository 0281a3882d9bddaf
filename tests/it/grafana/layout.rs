//! Where panels stand: side by side until a line of twenty-four columns is full, then below.

use serde_json::{Value, json};

pub const COLUMNS: u32 = 24;

/// A place on the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl Place {
    pub fn json(self) -> Value {
        json!({ "x": self.x, "y": self.y, "w": self.width, "h": self.height })
    }

    #[must_use]
    pub fn of(grid: &Value) -> Place {
        let number = |key: &str| {
            let number = grid[key].as_u64().unwrap_or_else(|| panic!("{grid} has no {key}"));
            u32::try_from(number).expect("a small number")
        };
        Place { x: number("x"), y: number("y"), width: number("w"), height: number("h") }
    }

    pub fn overlaps(self, other: Place) -> bool {
        let apart = |start: u32, length: u32, other: u32, other_length: u32| {
            start + length <= other || other + other_length <= start
        };
        !(apart(self.x, self.width, other.x, other.width)
            || apart(self.y, self.height, other.y, other.height))
    }
}

/// The next free place.
#[derive(Default)]
pub struct Grid {
    x: u32,
    y: u32,
    tallest: u32,
}

impl Grid {
    pub fn take(&mut self, width: u32, height: u32) -> Place {
        assert!((1..=COLUMNS).contains(&width), "{width} columns");
        if self.x + width > COLUMNS {
            self.break_line();
        }
        let place = Place { x: self.x, y: self.y, width, height };
        self.x += width;
        self.tallest = self.tallest.max(height);
        place
    }

    pub fn break_line(&mut self) {
        self.y += self.tallest;
        (self.x, self.tallest) = (0, 0);
    }
}

#[test]
fn a_line_that_is_full_is_followed_by_another() {
    let mut grid = Grid::default();
    let places = [(8, 3), (16, 4), (12, 2), (12, 2)].map(|(width, height)| grid.take(width, height));
    assert_eq!(places.map(|place| (place.x, place.y)), [(0, 0), (8, 0), (0, 4), (12, 4)]);
    for (at, place) in places.iter().enumerate() {
        assert!(places[..at].iter().all(|other| !place.overlaps(*other)));
    }
    assert!(places[0].overlaps(Place { x: 7, y: 2, width: 2, height: 2 }));
}
