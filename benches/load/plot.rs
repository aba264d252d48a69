//! The ratios as a picture: bars for this server and for others, marks for what is required and what
//! is aimed at. It is read on light and on dark pages alike.

use std::fmt::Write as _;

use crate::{
    expected::Expected,
    report::{Report, contenders},
};

const WIDTH: u32 = 800;
/// Where the bars begin, and how long one of ratio 1 is.
const LEFT: u32 = 220;
const LENGTH: u32 = 540;
/// Where the first workload begins, below title and legend.
const TOP: u32 = 100;
/// From one bar to the next, and how thick it is.
const STEP: u32 = 15;
const THICKNESS: u32 = 12;
/// Between two workloads.
const GAP: u32 = 18;

/// `b0` is this server, and the others follow.
const STYLE: &str = "
  text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .quiet { font-size: 12px; fill: #59636e }
  .inside { font-size: 12px; font-weight: 600; fill: #ffffff }
  .grid { stroke: #d1d9e0 }
  .b0 { fill: #0969da } .b1 { fill: #818b98 } .b2 { fill: #afb8c1 } .b3 { fill: #d0d7de } .b4 { fill: #e6eaef }
  .required { stroke: #cf222e; stroke-width: 2 }
  .aim { stroke: #1a7f37; stroke-width: 2; stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .quiet { fill: #9198a1 } .inside { fill: #0d1117 } .grid { stroke: #3d444d }
    .b0 { fill: #4493f8 } .b1 { fill: #9198a1 } .b2 { fill: #656c76 } .b3 { fill: #3d444d } .b4 { fill: #2a313c }
    .required { stroke: #f85149 } .aim { stroke: #3fb950 }
  }
";

/// The picture, as SVG.
pub(crate) fn svg(postgres: &Report) -> String {
    let mut picture = Picture(String::new());
    let contenders = contenders(postgres);
    picture.text(
        12,
        26,
        "title",
        "Requests in a second, as a part of what PostgreSQL can do with the bare SQL",
    );
    picture.text(12, 46, "quiet", &postgres.setting);
    let mut x = 12;
    for (number, name) in contenders.iter().map(|contender| contender.name).enumerate() {
        picture.rect(x, 60, 12, &format!("b{number}"));
        picture.text(x + 18, 71, "quiet", name);
        x += 34 + 7 * u32::try_from(name.len()).unwrap_or_default();
    }
    for class in ["required", "aim"] {
        picture.line(x, 60, x, 72, class);
        picture.text(x + 8, 71, "quiet", class);
        x += 80;
    }

    let height = STEP * u32::try_from(contenders.len()).unwrap_or_default();
    let bottom = TOP + (height + GAP) * u32::try_from(postgres.workloads.len()).unwrap_or_default();
    for tenth in (0..=10).step_by(2) {
        let x = LEFT + LENGTH * tenth / 10;
        picture.line(x, TOP - 8, x, bottom - 6, "grid");
        picture.text(x - 8, bottom + 12, "quiet", &format!("{}.{}", tenth / 10, tenth % 10));
    }
    for (top, (nth, measured)) in
        (TOP..).step_by((height + GAP) as usize).zip(postgres.workloads.iter().enumerate())
    {
        let workload = measured.workload;
        picture.text(12, top + 18, "", workload.name());
        for (line, words) in (0..).zip(workload.description().split_inclusive(", ")) {
            picture.text(12, top + 36 + 15 * line, "quiet", words);
        }
        let ratios = contenders.iter().map(|contender| contender.ratios[nth]);
        for (number, ratio) in (0..).zip(ratios) {
            let (y, length) = (top + STEP * number, along(ratio.unwrap_or_default()));
            picture.rect(LEFT, y, length, &format!("b{number}"));
            let label = ratio.map_or_else(|| "none".to_owned(), |ratio| format!("{ratio:.2}"));
            // The marks are drawn across the end of the first bar, or beyond it.
            let (x, class) = if number == 0 { (LEFT + 6, "inside") } else { (LEFT + length + 6, "quiet") };
            picture.text(x, y + 10, class, &label);
        }
        let Expected { required, aim } = Expected::of(workload);
        for (ratio, class) in [(required, "required"), (aim, "aim")] {
            let x = LEFT + along(ratio);
            picture.line(x, top - 4, x, top + height, class);
        }
    }
    let Picture(content) = picture;
    let height = bottom + 24;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\n\
         <style>{STYLE}</style>\n{content}</svg>\n"
    )
}

/// How far from the left a ratio is.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ratios are around 1")]
fn along(ratio: f64) -> u32 {
    (ratio.clamp(0.0, 1.05) * f64::from(LENGTH)) as u32
}

struct Picture(String);

impl Picture {
    fn text(&mut self, x: u32, y: u32, class: &str, words: &str) {
        let _ = writeln!(self.0, r#"<text x="{x}" y="{y}" class="{class}">{words}</text>"#);
    }

    fn rect(&mut self, x: u32, y: u32, width: u32, class: &str) {
        let _ = writeln!(
            self.0,
            r#"<rect x="{x}" y="{y}" width="{width}" height="{THICKNESS}" rx="2" class="{class}"/>"#
        );
    }

    fn line(&mut self, x1: u32, y1: u32, x2: u32, y2: u32, class: &str) {
        let _ = writeln!(self.0, r#"<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" class="{class}"/>"#);
    }
}
