#pragma once
// The exceptions imgcls throws. Each message names the thing (file, key, line, value) and says what
// would be right; catch `imgcls::Error` for all of them, or one kind to act on it.

#include <stdexcept>
#include <string>

namespace imgcls {

/// Base of every exception thrown by imgcls itself.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A configuration that cannot be used: unknown key, wrong type, value out of range.
class ConfigError : public Error {
 public:
  using Error::Error;
};

/// A file or folder that cannot be opened, read or written.
class IoError : public Error {
 public:
  using Error::Error;
};

/// A data set or an image that cannot be used: empty class, truncated JPEG, wrong IDX header.
class DataError : public Error {
 public:
  using Error::Error;
};

/// Weights that do not fit the model, or a file of weights that is broken.
class WeightsError : public Error {
 public:
  using Error::Error;
};

/// A checkpoint that is incomplete, broken, or made by a different run.
class CheckpointError : public Error {
 public:
  using Error::Error;
};

/// Ranks that cannot start, disagree, or no longer answer.
class DistError : public Error {
 public:
  using Error::Error;
};

}  // namespace imgcls
