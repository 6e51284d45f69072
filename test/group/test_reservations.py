"""What the nexuses of a unit share is the same through every member, while its keeper lives and when it dies."""
import random
import re
import threading
from pathlib import Path

import reservations as pr
from support import FULL, GroupTest, eventually

POWER_ON, RESET = (6, 0x29, 0), (6, 0x29, 3)
LUN_RESET = 5
STEPS = 10_000 if FULL else 1_000


def attention(session):
    return pr.outcome(session.test_unit_ready)


class Reservations(GroupTest):
    arguments = ('--volume', 'demo:12MiB:1MiB')

    def setUp(self):
        self.hosts = [self.group.session(member, 'demo', initiator=f'iqn.2026-11.host:{member}') for member in (1, 2, 3)]
        pr.reserve_out(self.hosts[0], pr.IGNORE, action_key=1)
        pr.reserve_out(self.hosts[0], pr.CLEAR, key=1)
        for host in self.hosts:
            host.clear_attentions()

    def tearDown(self):
        for host in self.hosts:
            host.close()

    def test_what_one_member_grants_all_members_keep(self):
        a, b, c = self.hosts
        self.assertEqual(pr.reserve_out(a, pr.REGISTER, action_key=0xa), pr.GOOD)
        self.assertEqual(pr.reserve_out(a, pr.RESERVE, kind=3, key=0xa), pr.GOOD)
        for other in (b, c):
            self.assertEqual(pr.outcome(lambda: other.read(0, 8)), pr.CONFLICT)
            self.assertEqual(pr.read_reservation(other), (0xa, 3))
        self.assertEqual(pr.outcome(lambda: a.write(0, bytes(4096))), pr.GOOD)
        self.assertEqual(pr.reserve_out(b, pr.REGISTER, action_key=0xb), pr.GOOD)
        self.assertEqual(pr.reserve_out(b, pr.PREEMPT_AND_ABORT, kind=1, key=0xb, action_key=0xa), pr.GOOD)
        self.assertEqual(attention(a), pr.PREEMPTED_REGISTRATIONS)
        self.assertEqual(pr.outcome(lambda: a.write(0, bytes(4096))), pr.CONFLICT)
        self.assertEqual(pr.outcome(lambda: c.read(0, 8)), pr.GOOD)

    def test_a_reset_through_one_member_is_heard_at_all_and_ends_reserve(self):
        a, b, c = self.hosts
        a.command(b'\x16')  # RESERVE(6)
        self.assertEqual(pr.outcome(c.test_unit_ready), pr.CONFLICT)
        self.assertEqual(b.manage(LUN_RESET), 0)
        for host in self.hosts:
            self.assertEqual(attention(host), RESET)
        self.assertEqual(pr.outcome(lambda: c.write(0, bytes(512))), pr.GOOD)

    def test_reserve_ends_with_its_session(self):
        a, b, _ = self.hosts
        for leave in (a.logout, None):
            with self.group.session(3, 'demo', initiator='iqn.2026-11.host:leaves') as d:
                d.command(b'\x16')
                self.assertEqual(pr.outcome(lambda: b.read(0, 8)), pr.CONFLICT)
                if leave:
                    d.logout()
                    self.assertEqual(pr.outcome(lambda: b.read(0, 8)), pr.GOOD)  # before the logout was answered
            eventually(lambda: pr.outcome(lambda: b.read(0, 8)) == pr.GOOD, 5, 'a unit that is free')

    def test_a_reset_while_writes_are_under_way_at_all_members(self):
        def write(host, stop, seen):
            while not stop.is_set():
                seen.append(pr.outcome(lambda: host.write(0, bytes(8 * 1024 * 1024))))
        writers = [self.group.session(m, 'demo', initiator=f'iqn.2026-11.writer:{m}') for m in (1, 2, 3)]
        stop, seen = threading.Event(), []
        threads = [threading.Thread(target=write, args=(w, stop, seen)) for w in writers]
        for thread in threads:
            thread.start()
        try:
            for i in range(10):
                self.assertEqual(self.hosts[i % 3].manage(LUN_RESET), 0)
                self.hosts[i % 3].clear_attentions()
        finally:
            stop.set()
            for thread in threads:
                thread.join(30)
        aborted = (0, 0, 0)  # TASK ABORTED
        self.assertLessEqual(set(seen), {pr.GOOD, RESET, aborted})
        self.assertTrue({RESET, aborted} & set(seen), 'no write met a reset')
        self.assertEqual(self.hosts[0].manage(LUN_RESET), 0)
        for writer in writers:
            self.assertEqual(attention(writer), RESET)
            writer.close()

    def test_random_reservations_of_three_hosts_on_three_members_follow_the_model(self):
        seed = random.randrange(1 << 32)
        rng, model = random.Random(seed), pr.Model(3)
        model.generation = pr.read_keys(self.hosts[0])[0]
        for step in range(STEPS):
            try:
                self.step(rng, model)
            except AssertionError as error:
                raise AssertionError(f'seed {seed}, step {step}: {error}') from error

    def step(self, rng, model):
        port = rng.randrange(3)
        host = self.hosts[port]
        for _ in range(len(model.attentions[port])):
            self.assertIn(attention(host), model.attentions[port])
        model.attentions[port].clear()
        what = rng.randrange(10)
        if what < 6:
            kind = model.kind if model.kind and rng.randrange(3) == 0 else rng.choice(pr.TYPES)
            key = rng.randrange(4) if rng.randrange(8) == 0 else model.keys[port]
            asked = (rng.randrange(7), kind, key, rng.randrange(4))
            self.assertEqual(pr.reserve_out(host, *asked), model.reserve_out(port, *asked), asked)
        elif what < 8:
            generation, keys = pr.read_keys(host)
            self.assertEqual((generation, sorted(keys)), (model.generation, sorted(k for k in model.keys if k)))
            held = (0 if model.holder is pr.EVERYBODY else model.keys[model.holder], model.kind) if model.holder is not None else None
            self.assertEqual(pr.read_reservation(host), held)
        else:
            write = what == 9
            command = (lambda: host.write(0, bytes(512))) if write else (lambda: host.read(0, 1))
            self.assertEqual(pr.outcome(command), pr.GOOD if model.may(port, write) else pr.CONFLICT)


class KeeperDies(GroupTest):
    arguments = ('--volume', 'demo:12MiB:1MiB')

    def keeper(self):
        """As member 1 logged it last."""
        log = (Path(self.group.directory) / 'member1' / 'log').read_text()
        return int(re.findall(r'unit_keeper member=(\d)', log)[-1])

    def test_its_successor_begins_with_nothing_and_every_host_hears_so(self):
        hosts = {m: self.group.session(m, 'demo', initiator=f'iqn.2026-11.host:{m}') for m in (1, 2, 3)}
        keeper = self.keeper()
        one, other = (host for member, host in hosts.items() if member != keeper)
        for member, host in hosts.items():
            self.assertEqual(pr.reserve_out(host, pr.REGISTER, action_key=member), pr.GOOD)
        self.assertEqual(pr.reserve_out(hosts[keeper], pr.RESERVE, kind=3, key=keeper), pr.GOOD)
        self.group.script('member', str(keeper), 'kill')
        self.assertEqual(pr.outcome(lambda: one.read(0, 8)), pr.CONFLICT)  # views are kept meanwhile
        for host in (one, other):
            eventually(lambda: attention(host) == POWER_ON, 30, '29/00 by the successor')
        for host in (one, other):
            self.assertEqual(pr.read_keys(host), (0, []))
            self.assertIsNone(pr.read_reservation(host))
        self.assertEqual(pr.reserve_out(one, pr.REGISTER, action_key=7), pr.GOOD)
        self.assertEqual(pr.reserve_out(one, pr.RESERVE, kind=1, key=7), pr.GOOD)
        self.assertEqual(pr.read_reservation(other), (7, 1))
        self.group.script('member', str(keeper), 'start')
        with self.group.session(keeper, 'demo', initiator='iqn.2026-11.host:back') as back:
            self.assertEqual(pr.read_reservation(back), (7, 1))
            self.assertEqual(pr.outcome(lambda: back.write(0, bytes(512))), pr.CONFLICT)
        for host in hosts.values():
            host.close()
