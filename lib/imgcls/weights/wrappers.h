#pragma once
// What wrappers put into the names of a module's tensors: DistributedDataParallel and DataParallel
// "module.", torch.compile "_orig_mod.", FullyShardedDataParallel "_fsdp_wrapped_module.", a
// Lightning module that holds the network "model." ...; before all names, or inside where a part of
// the network was wrapped: "features.module.0.weight".

#include <imgcls/weights/listing.h>

#include <string_view>
#include <vector>

namespace imgcls::weights {

/// The parts of a dotted name; none for a name too long to be a module's.
std::vector<std::string_view> parts_of(std::string_view name);

/// Whether a part of a name may be a wrapper's. A network's own may be "module" or "model", too.
bool may_be_wrapper(std::string_view part);

/// Whether a tensor counts something for a wrapper: a whole number without dimensions and,
/// wrappers' parts aside, without a dot in its name ("n_averaged", "global_step").
bool is_counter(const StoredTensor& tensor);

/// Takes wrappers' parts off the names, where no model says which are its own: everywhere those
/// that begin with an underscore; "module" where at its place nothing else stands; "model" before
/// all names. Counters have no say in this. Throws WeightsError, whose message begins with
/// `source`, where two names become the same.
void take_off_wrappers(Listing& listing, std::string_view source);

}  // namespace imgcls::weights
