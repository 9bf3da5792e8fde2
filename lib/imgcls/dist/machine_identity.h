#pragma once
// Which machine this is. Internal to dist/.

#include <string>

namespace imgcls::dist {

/// The same text for processes that share cores, GPUs and a loopback interface: of one machine, and
/// of one network namespace on it. Without a zero byte or a line break.
std::string machine_identity();

}  // namespace imgcls::dist
