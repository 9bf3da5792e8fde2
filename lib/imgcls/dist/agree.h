#pragma once
// Errors that one rank finds and all must know of, so that no rank waits for one that has given up.

#include <imgcls/core/error.h>
#include <imgcls/dist/world.h>

#include <functional>

namespace imgcls::dist {

/// An error that every rank throws at the same place, with the same message.
class AgreedError : public Error {
 public:
  using Error::Error;
};

/// Runs `work`, which must hold no collective, on every rank; when it throws on any, all throw
/// AgreedError with the first such rank's message. A collective.
void agree(World& world, const std::function<void()>& work);

}  // namespace imgcls::dist
