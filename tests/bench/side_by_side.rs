//! Rivals, measured in turn: what disturbs the machine disturbs them all. Prints a table in Markdown, medians with minimum
//! and maximum, and the median of what each is beside the first in the same round.

/// Something to measure: higher or lower is better, as the table says.
pub struct Rival<'a> {
    pub name: &'a str,
    pub measure: Box<dyn FnMut() -> f64 + 'a>,
}

impl<'a> Rival<'a> {
    pub fn new(name: &'a str, measure: impl FnMut() -> f64 + 'a) -> Self {
        Self { name, measure: Box::new(measure) }
    }
}

/// Whether figures are wanted: `cargo bench` says so, and `cargo test --benches` only looks whether all of it runs.
pub fn measures() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// So many, or few where nobody wants figures.
pub fn many(count: usize) -> usize {
    if measures() { count } else { count.div_ceil(1_000).max(100) }
}

/// Measures each rival `rounds` times, all in each round, after one round that does not count.
pub fn compare(title: &str, unit: &str, rounds: usize, mut rivals: Vec<Rival<'_>>) {
    if !wanted(title) {
        return;
    }
    let rounds = if measures() { rounds } else { 1 };
    let mut figures = vec![Vec::new(); rivals.len()];
    for round in 0..=rounds {
        // Another one begins each time: who comes after whom makes a difference, as one finds the memory that another gave back.
        for turn in 0..rivals.len() {
            let rival = (round + turn) % rivals.len();
            let figure = (rivals[rival].measure)();
            if round > 0 {
                figures[rival].push(figure);
            }
        }
    }
    println!("\n{title}, {unit} ({rounds} rounds)\n\n| | median | min | max | of the first |\n|---|---|---|---|---|");
    let first = figures[0].clone();
    for (rival, figures) in rivals.iter().zip(&mut figures) {
        // Within a round, as a machine may be twice as fast in the next.
        let share = median(&mut figures.iter().zip(&first).map(|(own, first)| own / first).collect::<Vec<_>>());
        let middle = median(figures);
        let (least, most) = (figures[0], figures[figures.len() - 1]);
        println!("| {} | {} | {} | {} | {share:.2} |", rival.name, tell(middle), tell(least), tell(most));
    }
}

/// Whether the command line asks for this table: `cargo bench --bench threads -- throughput` asks for one.
pub fn wanted(title: &str) -> bool {
    let mut filters = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).peekable();
    filters.peek().is_none() || filters.any(|filter| title.contains(&filter))
}

/// The middle one; sorts them.
pub fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn tell(figure: f64) -> String {
    match figure {
        figure if figure >= 1e6 => format!("{:.2} M", figure / 1e6),
        figure if figure >= 1e4 => format!("{:.1} k", figure / 1e3),
        figure => format!("{figure:.1}"),
    }
}
