import { describeContract } from '../contract-fixture.ts';
import { namespacesSuite } from './namespaces-suite.ts';

describeContract('namespaces', namespacesSuite);
