import { describeContract } from '../contract-fixture.ts';
import { imagesSuite } from './images-suite.ts';

describeContract('images', imagesSuite);
