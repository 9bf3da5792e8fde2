#pragma once
// What ranks must agree on: errors that one rank finds and all must know of, so that no rank waits
// for one that has given up; and what has to be the same on all of them.

#include <imgcls/core/error.h>
#include <imgcls/dist/world.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace imgcls::dist {

/// An error that every rank throws at the same place, with the same message.
class AgreedError : public Error {
 public:
  /// Thrown by `agree` and its like, on all ranks alike.
  explicit AgreedError(const std::string& message, bool of_configuration = false)
      : Error(message), of_configuration_(of_configuration) {}
  /// Whether it was a ConfigError on the rank that met it: the user's to mend, not the run's.
  bool of_configuration() const { return of_configuration_; }

 private:
  bool of_configuration_;
};

/// Runs `work`, which must hold no collective, on every rank; when it throws on any, all throw
/// AgreedError with the first such rank's message. A collective.
void agree(World& world, const std::function<void()>& work);

/// Something that has to be the same on all ranks, and what messages call it: "train.batch", "64".
/// Neither holds a zero byte.
struct Field {
  std::string name;   ///< the same on all ranks, once in a rank's list
  std::string value;  ///< compared byte by byte
};

/// Compares the ranks' fields with rank 0's, by name. Where a rank's are not the same, all throw
/// AgreedError, which names the first such rank and its first such field, says how many more there
/// are, and ends with `advice`, a sentence: "ranks 0 and 2 differ in train.batch: 64 against 32
/// (and in 1 more). Start all ranks with one configuration." A collective.
void require_equal(World& world, std::span<const Field> fields, std::string_view advice);

}  // namespace imgcls::dist
