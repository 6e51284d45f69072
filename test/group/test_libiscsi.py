"""libiscsi's own test suite, as far as it tests commands that are there: each named test passes."""
import shutil
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

from programs import Disposable
from support import TOP

sys.path.append(str(TOP / 'test' / 'conformance'))
import libiscsi_suite

BLOCKS = 'Simple BeyondEol ZeroBlocks'
NAMES = {
    'Inquiry': 'AllocLength BlockLimits EVPD MandatoryVPDSBC Standard SupportedVPD VersionDescriptors',
    'Mandatory': 'MandatorySBC',
    'ModeSense6': 'AllPages Control Control-D_SENSE Control-SWP Residuals',
    'NoMedia': 'NoMediaSBC',
    'Read6': 'Simple BeyondEol',
    'Read10': BLOCKS + ' Async DpoFua ReadProtect',
    'Read12': BLOCKS + ' DpoFua ReadProtect',
    'Read16': BLOCKS + ' DpoFua ReadProtect',
    'ReadCapacity10': 'Simple',
    'ReadCapacity16': 'Simple Alloclen PI Support',
    'ReportSupportedOpcodes': 'Simple OneCommand RCTD SERVACTV',
    'TestUnitReady': 'Simple',
    'Unmap': 'Simple VPD ZeroBlocks',
    'Write10': BLOCKS + ' Async DpoFua WriteProtect',
    'Write12': BLOCKS + ' DpoFua WriteProtect',
    'Write16': BLOCKS + ' DpoFua WriteProtect',
    'WriteSame10': BLOCKS + ' Check InvalidDataOutSize Unmap UnmapUnaligned UnmapUntilEnd UnmapVPD WriteProtect',
    'WriteSame16': BLOCKS + ' Check InvalidDataOutSize Unmap UnmapUnaligned UnmapUntilEnd UnmapVPD WriteProtect',
    'iSCSIResiduals': 'Read10Invalid Read10Residuals Read12Residuals Read16Residuals Write10Residuals Write12Residuals Write16Residuals',
    # Not LUNResetSimpleAsync: it looks at the answer to the reset before it has sent the reset.
    'iSCSITMF': 'AbortTaskSimpleAsync',
    'iSCSIcmdsn': 'iSCSICmdSnTooHigh iSCSICmdSnTooLow',
    'iSCSIdatasn': 'iSCSIDataSnInvalid',
}
AT_ONCE = 4  # some tests wait for an answer that must not come


class LibiscsiSuite(unittest.TestCase):
    def test_each_named_test_passes(self):
        if not shutil.which(libiscsi_suite.TOOL):
            self.skipTest(f'no {libiscsi_suite.TOOL}; install libiscsi-bin')
        suites = [[f'ALL.{suite}.{name}' for name in names.split()] for suite, names in NAMES.items()]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for name, (result, reason) in (one for suite in pool.map(run_suite, suites) for one in suite):
                with self.subTest(name):
                    self.assertEqual(result, 'passed', reason)


def run_suite(names):
    """Against a disk of its own: the tests write where they like."""
    with Disposable('--volume', 'scratch:1GiB') as target:
        return [(name, libiscsi_suite.run_test(name, target.url)) for name in names]


if __name__ == '__main__':
    unittest.main()
