#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace imgcls::cli {

/// `imgcls bench convolutions`, a subcommand of `bench` (commands.h).
void add_bench_convolutions(CLI::App& bench, std::function<int()>& chosen);

}  // namespace imgcls::cli
