import { containersMutations } from './mutations/containers.ts';
import { dataMutations } from './mutations/data.ts';
import type { Mutation } from './mutations/edit.ts';
import { keysMutations } from './mutations/keys.ts';
import { instanceMutations, networkMutations } from './mutations/network-and-instance.ts';

/** One thing changed in each: the rule that is named must see it, and no other may but those that are named beside it. */
export const mutations: readonly Mutation[] = [
  ...keysMutations,
  ...containersMutations,
  ...dataMutations,
  ...networkMutations,
  ...instanceMutations,
];
