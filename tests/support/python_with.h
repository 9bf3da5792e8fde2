// A Python for the tests that compare with other programs' own code.
#pragma once

#include "run_program.h"

#include <cstdlib>
#include <optional>
#include <string>

namespace imgcls::test {

/// The Python that the environment's `variable` names, where it imports all `modules` ("onnx,
/// torch").
inline std::optional<std::string> python_with(const std::string& modules,
                                              const std::string& variable = "IMGCLS_PYTHON") {
  const char* python = std::getenv(variable.c_str());
  if (python == nullptr) return std::nullopt;
  if (run_program(std::string(python) + " -c 'import " + modules + "'").code != 0) {
    return std::nullopt;
  }
  return python;
}

}  // namespace imgcls::test
