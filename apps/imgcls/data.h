#pragma once
// The subcommands of `imgcls data`.

#include <functional>

namespace CLI {
class App;
}

namespace imgcls::cli {

void add_data_check(CLI::App& parent, std::function<int()>& chosen);
void add_data_show(CLI::App& parent, std::function<int()>& chosen);

}  // namespace imgcls::cli
