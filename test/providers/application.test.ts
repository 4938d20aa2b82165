/** The provider contract on application calendars, as far as something without another side can keep it. */
import { createApplication } from '../../providers/application/application.ts';
import { providerContract } from '../contracts/provider.contract.ts';

providerContract(
  'application calendars',
  { otherSide: false, network: false, passwords: false, pages: false, scheduleTags: false },
  () =>
    Promise.resolve({
      provider: createApplication(),
      afresh: createApplication,
      addresses: [''],
      credentials: { kind: 'none' },
      wrong: null,
      movedFrom: null,
      people: null,
      wire: null,
      deadEnds: null,
      paging: null,
      stop: () => Promise.resolve(),
    }),
);
