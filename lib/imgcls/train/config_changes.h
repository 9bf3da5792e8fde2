#pragma once
// How a run's configuration differs from the one it began with. Internal to train/.

#include <string>
#include <string_view>
#include <vector>

namespace imgcls::train {

/// A key whose value changes results.
struct ConfigChange {
  std::string key;     ///< dotted: "optimizer.lr"
  std::string before;  ///< as JSON; "nothing" where the key is absent
  std::string now;     ///< as `before`
};

/// The keys in which two configurations (JSON text, complete) differ, those aside that change no
/// result (core/free_keys.h). A key that came into the schema after `before` was saved has its
/// default there: that is what the run had without saying so. The values "auto" of
/// train.precision and train.deterministic, which earlier versions saved as such, are taken for
/// what they mean now. An empty text is not compared.
std::vector<ConfigChange> config_changes(std::string_view before, std::string_view now);

}  // namespace imgcls::train
