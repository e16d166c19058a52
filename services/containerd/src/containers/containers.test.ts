import { describeContract } from '../contract-fixture.ts';
import { containersSuite } from './containers-suite.ts';

describeContract('containers', containersSuite);
