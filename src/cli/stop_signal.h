#pragma once

// SIGINT and SIGTERM as a wish: a long command ends at its next good place. The second one ends the
// process at once. Safe from any thread.

namespace lightbox::cli {

void watch_stop_signals();
[[nodiscard]] bool is_stop_asked();

}  // namespace lightbox::cli
