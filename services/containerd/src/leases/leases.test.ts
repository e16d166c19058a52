import { describeContract } from '../contract-fixture.ts';
import { leasesSuite } from './leases-suite.ts';

describeContract('leases', leasesSuite);
