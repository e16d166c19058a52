import { describeContract } from '../contract-fixture.ts';
import { contentSuite } from './content-suite.ts';

describeContract('content', contentSuite);
