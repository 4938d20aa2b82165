/** What makes two connections of one application the same profile: one login at one place of one provider. */
import { canonicalJson, hashOfText } from './hashes.ts';
import type { AppId } from './ids.ts';
import type { ProviderName, ProviderRoot } from './profile.ts';

/** `name`: the login as people know it. A profile that moves takes another. */
export function loginOf(
  appId: AppId,
  provider: ProviderName,
  { name, root }: { readonly name: string; readonly root: ProviderRoot },
): string {
  return hashOfText(canonicalJson({ appId, provider, name, root }));
}
