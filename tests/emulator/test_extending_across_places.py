"""Source servers of a staging account that is in the world, extended into another account."""

from __future__ import annotations

from letters import A1, A_LAUNCH, EAST, INVALID, ONE, TWO, Side, hint_of, id_of, world

STOLEN = "AccessDeniedException"


async def test_a_server_of_a_place_is_extended_into_another() -> None:
    async with world() as emulator:
        target, staging = Side(emulator), Side(emulator.at(account_id=TWO))
        real = await staging.add_b1(EAST, ONE)
        (arn,) = [server["arn"] for server in await staging.servers()]
        await target.refused("list_extensible_source_servers", STOLEN, stagingAccountID=TWO)
        await target.refused("create_extended_source_server", STOLEN, sourceServerArn=arn)
        (made_up,) = emulator.add_staging_account(TWO)
        listed = (await target.call("list_extensible_source_servers", stagingAccountID=TWO))[
            "items"
        ]
        assert [server["arn"] for server in listed] == [made_up, arn]
        pages = [
            await target.call("list_extensible_source_servers", stagingAccountID=TWO, maxResults=1)
        ]
        pages.append(
            await target.call(
                "list_extensible_source_servers",
                stagingAccountID=TWO,
                maxResults=1,
                nextToken=pages[0]["nextToken"],
            )
        )
        assert [page["items"][0]["arn"] for page in pages] == [made_up, arn]

        why = await target.refused("create_extended_source_server", INVALID, sourceServerArn=arn)
        assert "default EBS key" in why
        await staging.call(
            "update_replication_configuration",
            sourceServerID=real,
            ebsEncryption="CUSTOM",
            ebsEncryptionKeyArn=f"arn:aws:kms:{EAST}:{TWO}:key/1",
        )
        answer = await target.call("create_extended_source_server", sourceServerArn=arn)
        extended = answer["sourceServer"]["sourceServerID"]
        (shown,) = await target.servers()
        assert shown["sourceServerID"] == extended != real
        assert shown["stagingArea"]["stagingAccountID"] == TWO
        assert [server["sourceServerID"] for server in await staging.servers()] == [real]
        await target.refused("create_extended_source_server", INVALID, sourceServerArn=arn)

        # It replicates there, and is seen here.
        staging.place.stall_replication(real)
        assert await target.state(extended) == "STALLED"
        staging.place.resume_replication(real)
        assert await target.state(extended) == "CONTINUOUS"

        # Its machine came from here, so the extended server itself goes on with its instance.
        b2 = await target.launch(extended)
        assert await staging.instances() == []
        assert id_of(await target.reverse(b2)) == extended
        assert hint_of(await target.server(extended)) == b2
        assert hint_of(await staging.server(real)) == A1
        assert await target.states(extended) == ["STALLED", "RESCAN", "CONTINUOUS"]


async def test_a_server_that_is_gone_in_the_staging_account_is_an_error_here() -> None:
    async with world() as emulator:
        target, staging = Side(emulator), Side(emulator.at(account_id=TWO))
        real = await staging.add_b1(EAST, ONE)
        (arn,) = [server["arn"] for server in await staging.servers()]
        emulator.add_staging_account(TWO, servers=0)
        await staging.call(
            "update_replication_configuration", sourceServerID=real, ebsEncryption="NONE"
        )
        await target.call("create_extended_source_server", sourceServerArn=arn)
        await staging.call("disconnect_source_server", sourceServerID=real)
        await staging.call("delete_source_server", sourceServerID=real)
        await emulator.clock.advance(A_LAUNCH)
        (shown,) = await target.servers()
        assert shown["stagingArea"]["status"] == "EXTENSION_ERROR"
        assert shown["stagingArea"]["errorMessage"]
        assert emulator.defects == []
