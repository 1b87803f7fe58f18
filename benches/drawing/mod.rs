//! Charts in SVG. A card of their own makes them legible on any page, and where the reader has chosen a
//! dark scheme the card is dark.
#![allow(unreachable_pub)]

pub mod bars;
pub mod ratios;

use std::error::Error;
use std::fmt::Write;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

pub type Drawn = Result<(), Box<dyn Error>>;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What all charts have around their panels.
#[derive(Clone, Copy)]
pub struct Card<'a> {
    pub path: &'a Path,
    pub title: &'a str,
    /// Says how to read it.
    pub note: &'a str,
    /// Panels that stand side by side.
    pub columns: usize,
}

impl Card<'_> {
    /// Draws each of the panels, which have the same height.
    fn draw<P>(&self, panels: &[P], height: u32, draw: impl Fn(&Area<'_>, &P) -> Drawn) -> Drawn {
        let rows = panels.len().div_ceil(self.columns);
        let mut svg = String::new();
        {
            let size = (WIDTH, height * rows as u32 + HEAD);
            let card = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            card.fill(&CARD)?;
            let (head, body) = card.split_vertically(HEAD);
            head.draw_text(self.title, &font(24), (MARGIN, 16))?;
            head.draw_text(self.note, &font(16), (MARGIN, 46))?;
            for (area, panel) in body.split_evenly((rows, self.columns)).iter().zip(panels) {
                draw(&area.margin(0, MARGIN, MARGIN, MARGIN), panel)?;
            }
            card.present()?;
        }
        let end = svg.find('>').ok_or("the library has drawn nothing")? + 1;
        svg.insert_str(end, &dark_scheme()?);
        std::fs::write(self.path, svg)?;
        Ok(())
    }
}

/// Returns a style that changes each colour where the reader has chosen a dark scheme.
fn dark_scheme() -> Result<String, std::fmt::Error> {
    let mut style = String::from("\n<style>@media (prefers-color-scheme: dark) {\n");
    for (RGBColor(red, green, blue), dark) in SCHEMES {
        let light = format!("#{red:02X}{green:02X}{blue:02X}");
        writeln!(style, "[fill=\"{light}\"] {{ fill: {dark} }}")?;
        writeln!(style, "[stroke=\"{light}\"] {{ stroke: {dark} }}")?;
    }
    style.push_str("}</style>");
    Ok(style)
}

fn font(size: u32) -> TextStyle<'static> {
    ("sans-serif", size, &TEXT).into_text_style(&(WIDTH, WIDTH))
}

const WIDTH: u32 = 840;
/// Height of the title and the note.
const HEAD: u32 = 76;
const MARGIN: i32 = 14;

const CARD: RGBColor = RGBColor(250, 250, 248);
const GRID: RGBColor = RGBColor(218, 218, 214);
const TEXT: RGBColor = RGBColor(38, 38, 42);
const OURS: RGBColor = RGBColor(0, 90, 181);
/// Told apart by who does not see all colours, too.
const RIVALS: [RGBColor; 3] =
    [RGBColor(220, 50, 32), RGBColor(150, 110, 0), RGBColor(110, 110, 118)];
/// The colours, and what they are in a dark scheme.
const SCHEMES: [(RGBColor, &str); 7] = [
    (CARD, "#16181d"),
    (GRID, "#3a3d45"),
    (TEXT, "#e4e4e8"),
    (OURS, "#6cb2ff"),
    (RIVALS[0], "#ff8272"),
    (RIVALS[1], "#e0b030"),
    (RIVALS[2], "#a6a6b0"),
];
