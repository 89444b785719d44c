#pragma once

// SIGINT and SIGTERM as a wish: a long command ends at its next good place. The second one ends the
// process at once. Safe from any thread.

#include <atomic>

namespace lightbox::cli {

void watch_stop_signals();
// From now on the first one ends the process.
void forget_stop_signals();
[[nodiscard]] bool is_stop_asked();
[[nodiscard]] const std::atomic<bool>& stop_wish();

}  // namespace lightbox::cli
