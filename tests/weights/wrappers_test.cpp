// What wrappers put into names: taken off where a model's names are known, and where not.
#include <imgcls/core/error.h>
#include <imgcls/weights/name_match.h>
#include <imgcls/weights/wrappers.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace imgcls;
using namespace imgcls::weights;
using Catch::Matchers::Contains;

namespace {

using Names = std::vector<std::string>;

/// Tensors of these names. Those that begin with '#' are whole numbers without dimensions, and are
/// called what follows.
std::vector<StoredTensor> tensors(const Names& names) {
  std::vector<StoredTensor> all;
  for (const std::string& name : names) {
    const bool counter = name.starts_with('#');
    all.push_back({.name = counter ? name.substr(1) : name,
                   .type = counter ? DType::int64 : DType::float32,
                   .shape = counter ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{2}});
  }
  return all;
}

Names bare(const Names& names) {
  Listing listing{.storages = {}, .tensors = tensors(names)};
  take_off_wrappers(listing, "the file");
  Names result;
  for (const StoredTensor& tensor : listing.tensors) result.push_back(tensor.name);
  return result;
}

const Names kModel{"c.w", "c.n.num_batches_tracked", "f.0.w", "fc.w", "fc.b"};

NameMatch match(const Names& given, const Names& model = kModel) {
  const auto is_required = [](std::string_view name) {
    return !name.ends_with("num_batches_tracked");
  };
  return match_names(tensors(given), model, is_required, "the file");
}

/// The tensors that stand beside the model.
Names beside(const Names& given, const Names& model = kModel) {
  const NameMatch found = match(given, model);
  const std::vector<StoredTensor> all = tensors(given);
  Names names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (found.beside[i]) names.push_back(all[i].name);
  }
  return names;
}

/// Each name of the model with something before it.
Names with(const std::string& prefix, const Names& names = kModel) {
  Names all;
  for (const std::string& name : names) all.push_back(prefix + name);
  return all;
}

Names operator+(Names a, const Names& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("wrappers' parts are taken off wherever they stand, by the names alone") {
  for (const std::string prefix :
       {"module.", "module.module.", "_orig_mod.", "_orig_mod.module.", "module._orig_mod.module.",
        "_fsdp_wrapped_module.", "model.", "module.model.", "model.module.", "model.model.",
        "_forward_module.model._orig_mod.", "_checkpoint_wrapped_module.", "_module."}) {
    INFO(prefix);
    CHECK(bare(with(prefix)) == kModel);
    CHECK(bare(with(prefix) + Names{"#n_averaged"}) == kModel + Names{"n_averaged"});
    CHECK(bare(Names{"#global_step"} + with(prefix)) == Names{"global_step"} + kModel);
  }
  CHECK(bare({"features.module.0.w", "features.module.1.w", "fc.w"}) ==
        Names{"features.0.w", "features.1.w", "fc.w"});
  CHECK(bare({"c.w", "fc._orig_mod.w"}) == Names{"c.w", "fc.w"});
  CHECK(bare({"layer1._fsdp_wrapped_module.0._checkpoint_wrapped_module.c.w"}) ==
        Names{"layer1.0.c.w"});
}

TEST_CASE("names that may be a network's own stay, where no model is known") {
  for (const Names& names : {Names{"c.w", "module.w"},           // another stands beside it
                             Names{"module.c.w", "w"},           // no counter
                             Names{"model.c.w", "criterion.w"},  //
                             Names{"f.module.w", "f.other.w"},   //
                             Names{"f.model.w"}, Names{"f.module"}, Names{"module", "model"},
                             Names{"_orig_mod"}, Names{}, Names{""}, Names{"..", "."}}) {
    CHECK(bare(names) == names);
  }
  // Too long to be a module's name.
  std::string deep = "w";
  for (int i = 0; i < 40; ++i) deep = "module." + deep;
  CHECK(bare({deep}) == Names{deep});
}

TEST_CASE("two names that become the same are refused with both") {
  CHECK_THROWS_WITH(
      bare({"c.w", "c._orig_mod.w"}),
      Contains("the file") && Contains("\"c.w\" and \"c._orig_mod.w\" are both \"c.w\""));
}

TEST_CASE("a model's names tell what wrappers put into a file's") {
  for (const std::string prefix :
       {"", "module.", "module.module.", "model.", "_orig_mod.model.", "model.module._orig_mod.",
        "backbone.", "module.backbone.", "net.encoder.", "student.module.net._orig_mod."}) {
    INFO(prefix);
    CHECK(match(with(prefix)).names == kModel);
    const Names averaged = with(prefix) + Names{"#n_averaged"};
    CHECK(match(averaged).names == kModel + Names{""});
    CHECK(beside(averaged) == Names{"n_averaged"});
    // Whatever else there is beside the model.
    if (prefix.empty()) continue;
    const Names lightning = Names{"criterion.w", "#global_step"} + with(prefix);
    CHECK(match(lightning).names == Names{"", ""} + kModel);
    CHECK(beside(lightning) == Names{"criterion.w", "global_step"});
  }
  CHECK(match({"c.w", "f.module.0.w", "fc._orig_mod.w", "fc._orig_mod.b"}).names ==
        Names{"c.w", "f.0.w", "fc.w", "fc.b"});
}

TEST_CASE("what is not a part of the model and not beside it remains") {
  CHECK(beside(kModel + Names{"extra.w", "scale"}).empty());
  const Names wrapped = with("module.") + Names{"module.extra.w"};
  CHECK(match(wrapped).names.back().empty());
  CHECK(beside(wrapped).empty());
  CHECK(beside(with("backbone.") + Names{"backbone.x.w", "head.w"}) == Names{"head.w"});
}

TEST_CASE("a network's own modules may be called as wrappers are") {
  const Names model{"module.c.w", "model.fc.w", "x.module.w"};
  CHECK(match(model, model).names == model);
  CHECK(match(with("module.", model), model).names == model);
  CHECK(match(with("model.module.", model), model).names == model);
  const Names both{"w", "module.w", "model.w"};
  CHECK(match(both, both).names == both);
  CHECK(match(with("module.", both), both).names == both);
}

TEST_CASE("the averaged weights of the same file are left out, and ambiguity is refused") {
  const Names both = with("model.") + with("ema_model.module.");
  CHECK(match(both).names == kModel + Names(kModel.size()));
  CHECK(beside(both) == with("ema_model.module."));
  CHECK_THROWS_WITH(match(with("student.") + with("teacher.")),
                    Contains("under \"student\" and under \"teacher\"") && Contains("--key"));
  CHECK_THROWS_WITH(match(kModel + Names{"module.c.w"}),
                    Contains("\"c.w\" and \"module.c.w\" are both the model's c.w"));
  CHECK_THROWS_AS(match(with("module.") + with("model.")), WeightsError);
}

TEST_CASE("names of a foreign model, and endless ones, match nothing") {
  std::string deep = "c.w";
  for (int i = 0; i < 100; ++i) deep = "module." + deep;
  const Names foreign{"a.b", "c", deep, std::string(100'000, '.'), ""};
  CHECK(match(foreign).names == Names(5));
  CHECK(beside(foreign).empty());
}
