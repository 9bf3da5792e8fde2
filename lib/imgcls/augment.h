#pragma once
// All of imgcls/augment: from an image to the network's input. In the order of things:
//
//   header                      what it does
//   augment/transform.h         the options; a plan for one image, with all random decisions made
//                               before a pixel is touched; the plan carried out on an image
//   augment/pixel_ops.h         operations on pixels by name: shear, rotate, contrast, ...
//   augment/policy.h            what draws such operations for an image: rand_augment.h,
//                               trivial_augment_wide.h, auto_augment.h, timm_rand_augment.h,
//                               three_augment.h, aug_mix.h, or one of your own
//   augment/policies.h          policies by name; includes fmt, so not below, nor are these three
//   augment/chain.h             chains of operations, by name; includes fmt, so not below
//   augment/views.h             several images made of one
//   augment/plan_applier.h      inside: the plan carried out on rows as they are decoded
//   augment/transform_fields.h  the options' names in configurations; includes fmt, so not below

#include <imgcls/augment/pixel_ops.h>
#include <imgcls/augment/policy.h>
#include <imgcls/augment/transform.h>
