"""Through libiscsi at three members (test/model): random operations against models of what a disk must be, and what known hosts send."""
import os
import subprocess
import unittest

from support import BUILD, FULL, GroupTest, PAGE

LONG = 20 if FULL else 1


class Model(GroupTest):
    arguments = ('--volume', 'model:64MiB:1MiB')

    def test_reservations_are_those_of_the_model_whichever_members_the_initiators_use(self):
        self.run_model('reservations', 10_000 * LONG)

    def test_blocks_are_those_of_the_model_whichever_member_is_asked(self):
        self.run_model('blocks', 3_000 * LONG)

    def test_eight_initiators_that_count_with_compare_and_write_lose_no_increment(self):
        self.run_model('counting', 200 * LONG, '--initiators', '8')

    def test_the_hypervisors_sequence_of_commands_is_served(self):
        self.run_model('hypervisor', 1)

    def test_the_failover_clusters_sequence_of_commands_is_served(self):
        self.run_model('failover-cluster', 1)

    def run_model(self, kind, operations, *more):
        seed = int.from_bytes(os.urandom(4), 'big')
        command = [BUILD / 'test' / 'model-test', kind, '--seed', seed, '--operations', operations, '--page-blocks', PAGE // 512, *more]
        urls = [self.group.url(member, 'model') for member in (1, 2, 3)]
        child = subprocess.run([str(word) for word in command] + urls, capture_output=True, text=True, timeout=600)
        print(child.stdout.splitlines()[-1] if child.stdout else child.stderr)
        self.assertEqual(child.returncode, 0, child.stdout + child.stderr)


if __name__ == '__main__':
    unittest.main()
