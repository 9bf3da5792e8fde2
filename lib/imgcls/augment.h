#pragma once
// All of imgcls/augment: from an image to the network's input. In the order of things:
//
//   header                      what it does
//   augment/transform.h         the options; a plan for one image, with all random decisions made
//                               before a pixel is touched; the plan carried out on an image
//   augment/training_plan.h     all that is decided for one image of training
//   augment/pixel_ops.h         operations on pixels by name: shear, rotate, contrast, ...;
//                               augment/pixel_mix.h an image mixed with what they make of it
//   augment/policy.h            what draws such operations for an image: rand_augment.h,
//                               trivial_augment_wide.h, auto_augment.h, timm_rand_augment.h,
//                               three_augment.h, aug_mix.h, or one of your own; policy_space.h
//                               has the scales of magnitudes
//   augment/policies.h          policies by name; includes fmt, so not below, nor are these three
//   augment/chain.h             chains of operations, by name; includes fmt, so not below. Its
//                               links: color_jitter.h, random_blur.h, random_erase.h,
//                               random_geometry.h (projection.h), fixed_operations.h, one_of.h
//   augment/views.h             several images made of one
//   augment/plan_applier.h      inside: the plan carried out on rows as they are decoded
//   augment/transform_fields.h  the options' names in configurations; includes fmt, so not below

#include <imgcls/augment/pixel_ops.h>
#include <imgcls/augment/policy.h>
#include <imgcls/augment/transform.h>
