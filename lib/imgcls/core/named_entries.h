#pragma once
// Things that are found by their names: what registries are made of.

#include <algorithm>
#include <deque>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace imgcls {

/// Things with a `std::string name` each, which are found by it.
template <class Entry>
class NamedEntries {
 public:
  /// Names should be unique: `find` gives the first.
  explicit NamedEntries(std::vector<Entry> entries)
      : entries_(std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end())) {
  }

  /// Null where none is called so. Entries stay where they are while others are added.
  const Entry* find(std::string_view name) const {
    const auto found = std::ranges::find(entries_, name, &Entry::name);
    return found == entries_.end() ? nullptr : &*found;
  }

  /// Behind the others, whose addresses stay.
  void push_back(Entry entry) { entries_.push_back(std::move(entry)); }

  /// Of all, in their order.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const Entry& entry : entries_) all.push_back(entry.name);
    return all;
  }

  /// For range-based loops over the entries, in their order.
  auto begin() const { return entries_.begin(); }
  /// The end of these loops.
  auto end() const { return entries_.end(); }

 private:
  std::deque<Entry> entries_;
};

}  // namespace imgcls
