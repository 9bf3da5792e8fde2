#pragma once
// Programs that this one starts.

#include <string>

namespace imgcls::cli {

/// Whether `program` can be started: a path (with a slash), or a name that a shell would find.
bool can_find(const std::string& program);

}  // namespace imgcls::cli
