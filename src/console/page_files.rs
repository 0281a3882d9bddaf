//! Every file of `src/console/page`, by its path. Generated: `UPDATE=1 make test ARGS=every_file_of_the_page` writes it
//! anew.

/// What is served at `/`.
pub const INDEX: &str = "index.html";

/// Paths, and what the files hold.
pub const FILES: &[(&str, &[u8])] = &[
    ("app.js", include_bytes!("page/app.js")),
    ("header.js", include_bytes!("page/header.js")),
    ("icon.svg", include_bytes!("page/icon.svg")),
    ("index.html", include_bytes!("page/index.html")),
    ("lib/actions.js", include_bytes!("page/lib/actions.js")),
    ("lib/api.js", include_bytes!("page/lib/api.js")),
    ("lib/chart.js", include_bytes!("page/lib/chart.js")),
    ("lib/course.js", include_bytes!("page/lib/course.js")),
    ("lib/dom.js", include_bytes!("page/lib/dom.js")),
    ("lib/format.js", include_bytes!("page/lib/format.js")),
    ("lib/keys.js", include_bytes!("page/lib/keys.js")),
    ("lib/live.js", include_bytes!("page/lib/live.js")),
    ("lib/spark.js", include_bytes!("page/lib/spark.js")),
    ("lib/toast.js", include_bytes!("page/lib/toast.js")),
    ("lib/token.js", include_bytes!("page/lib/token.js")),
    ("style/alerts.css", include_bytes!("page/style/alerts.css")),
    ("style/base.css", include_bytes!("page/style/base.css")),
    ("style/exercises.css", include_bytes!("page/style/exercises.css")),
    ("style/stage.css", include_bytes!("page/style/stage.css")),
    ("theme.js", include_bytes!("page/theme.js")),
    ("vendor/LICENSE", include_bytes!("page/vendor/LICENSE")),
    ("vendor/uPlot.esm.js", include_bytes!("page/vendor/uPlot.esm.js")),
    ("vendor/uPlot.min.css", include_bytes!("page/vendor/uPlot.min.css")),
    ("views/alerts.js", include_bytes!("page/views/alerts.js")),
    ("views/alerts/burning.js", include_bytes!("page/views/alerts/burning.js")),
    ("views/alerts/poll.js", include_bytes!("page/views/alerts/poll.js")),
    ("views/alerts/routes.js", include_bytes!("page/views/alerts/routes.js")),
    ("views/alerts/rules.js", include_bytes!("page/views/alerts/rules.js")),
    ("views/alerts/told.js", include_bytes!("page/views/alerts/told.js")),
    ("views/alerts/verify.js", include_bytes!("page/views/alerts/verify.js")),
    ("views/alerts/words.js", include_bytes!("page/views/alerts/words.js")),
    ("views/exercises.js", include_bytes!("page/views/exercises.js")),
    ("views/exercises/begin.js", include_bytes!("page/views/exercises/begin.js")),
    ("views/exercises/debrief.js", include_bytes!("page/views/exercises/debrief.js")),
    ("views/exercises/form.js", include_bytes!("page/views/exercises/form.js")),
    ("views/exercises/mine.js", include_bytes!("page/views/exercises/mine.js")),
    ("views/exercises/overview.js", include_bytes!("page/views/exercises/overview.js")),
    ("views/exercises/running.js", include_bytes!("page/views/exercises/running.js")),
];
