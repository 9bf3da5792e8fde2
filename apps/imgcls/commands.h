#pragma once
// The subcommands of `imgcls`, one file each.

#include <functional>
#include <memory>

namespace CLI {
class App;
}

namespace imgcls::cli {

/// A subcommand adds itself to the program and sets what is to be run when it is chosen; that
/// returns the exit code.
void add_train(CLI::App& program, std::function<int()>& chosen);
void add_eval(CLI::App& program, std::function<int()>& chosen);
void add_launch(CLI::App& program, std::function<int()>& chosen);
void add_prepare(CLI::App& program, std::function<int()>& chosen);
void add_bench(CLI::App& program, std::function<int()>& chosen);
void add_models(CLI::App& program, std::function<int()>& chosen);
void add_predict(CLI::App& program, std::function<int()>& chosen);
void add_report(CLI::App& program, std::function<int()>& chosen);
void add_data(CLI::App& program, std::function<int()>& chosen);
void add_export(CLI::App& program, std::function<int()>& chosen);
void add_weights(CLI::App& program, std::function<int()>& chosen);
void add_verify(CLI::App& program, std::function<int()>& chosen);
void add_wandb(CLI::App& program, std::function<int()>& chosen);

}  // namespace imgcls::cli
