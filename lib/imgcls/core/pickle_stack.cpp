#include <imgcls/core/error.h>
#include <imgcls/core/pickle_stack.h>

#include <fmt/format.h>

namespace imgcls {

void refuse_pickle(std::string_view source, std::string_view reason) {
  throw DataError(fmt::format("{} is not a usable pickle: {}", source, reason));
}

PickleStack::Number PickleStack::top() const {
  if (values_.size() == floor()) refuse_pickle(source_, "it takes a value of none");
  return values_.back();
}

std::vector<PickleStack::Number> PickleStack::pop(std::size_t count) {
  if (values_.size() - floor() < count) {
    refuse_pickle(source_, "it takes more values than there are");
  }
  std::vector<Number> taken(values_.end() - static_cast<std::ptrdiff_t>(count), values_.end());
  values_.resize(values_.size() - count);
  return taken;
}

std::vector<PickleStack::Number> PickleStack::pop_to_mark() {
  if (marks_.empty()) refuse_pickle(source_, "it goes back to a mark that is not there");
  std::vector<Number> taken = pop(values_.size() - marks_.back());
  marks_.pop_back();
  return taken;
}

void PickleStack::drop() {
  if (!marks_.empty() && marks_.back() == values_.size()) {
    marks_.pop_back();
  } else {
    pop(1);
  }
}

PickleStack::Number PickleStack::last() const {
  if (values_.size() != 1 || !marks_.empty()) {
    refuse_pickle(source_, fmt::format("it leaves {} values instead of one", values_.size()));
  }
  return values_.back();
}

void PickleStack::recall(Number key) {
  const auto found = memory_.find(key);
  if (found == memory_.end()) {
    refuse_pickle(source_, fmt::format("it recalls value {}, never stored", key));
  }
  push(found->second);
}

}  // namespace imgcls
